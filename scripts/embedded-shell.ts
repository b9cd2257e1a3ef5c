// Writes the shell inside a Dockerfile's RUN and inside a workflow's steps to files, for a linter of shell.
// Usage: embedded-shell.ts FOLDER FILE...
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly { readonly run?: string }[] }>>;
}

const [folder = '.', ...files] = process.argv.slice(2);

for (const file of files.filter((name) => existsSync(name))) {
  const text = readFileSync(file, 'utf8');
  const scripts = file.endsWith('.yml')
    ? scriptsOfWorkflow(parse(text) as Workflow)
    : scriptsOfDockerfile(text);
  const shell = file.endsWith('.yml') ? '#!/usr/bin/env bash' : '#!/bin/sh';
  scripts.forEach((script, index) => {
    writeFileSync(join(folder, `${file.replaceAll('/', '_')}-${index + 1}.sh`), `${shell}\n${script}\n`);
  });
}

function scriptsOfWorkflow({ jobs }: Workflow): string[] {
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);
  // What GitHub fills in before the shell sees it is a word to the linter.
  return steps.flatMap(({ run }) => (run ? [run.replaceAll(/\$\{\{.*?\}\}/g, 'filled-in')] : []));
}

function scriptsOfDockerfile(text: string): string[] {
  const lines = text.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n/g, ' \\\n');
  return [...lines.matchAll(/^RUN ((?:.*\\\n)*.*)/gm)].map(([, script = '']) => script);
}
