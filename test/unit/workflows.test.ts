import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Workflow {
  permissions: unknown;
  jobs: Record<string, { permissions: unknown; 'timeout-minutes': unknown; steps: Step[] }>;
}

const words = [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z]+):.* ##/gm)].map((match) => match[1]);
const steps = ['check', 'push', 'scan', 'rescan', 'merge', 'sign', 'verify'];

describe.each(readdirSync('.github/workflows'))('the workflow %s', (file) => {
  const text = readFileSync(`.github/workflows/${file}`, 'utf8');
  const workflow = parse(text) as Workflow;
  const jobs = Object.values(workflow.jobs);

  test('gives no permission but those a job names', () => {
    expect(workflow.permissions).toEqual({});
    for (const job of jobs) {
      expect(job.permissions).toBeDefined();
      expect(job['timeout-minutes']).toBeTypeOf('number');
    }
    expect(text, 'only a release writes').not.toMatch(
      file === 'release.yml' ? /contents: write|pull_request_target/ : /: write|pull_request_target/,
    );
  });

  test('takes every action by its commit, with the version beside it', () => {
    const uses = [...text.matchAll(/uses: (.*)/g)].map((match) => match[1]);
    expect(uses.length).toBeGreaterThan(0);
    for (const use of uses) expect(use).toMatch(/^[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('runs only what people type as well', () => {
    for (const { run } of jobs.flatMap((job) => job.steps)) {
      if (run === undefined) continue;
      const [, word = '', , step] = /^make ([a-z]+)( STEP=([a-z]+))?$/.exec(run) ?? [];
      expect(words, run).toContain(word);
      if (word === 'release') expect(steps, run).toContain(step);
    }
  });

  test('leaves no token in the clone', () => {
    for (const step of jobs
      .flatMap((job) => job.steps)
      .filter(({ uses }) => uses?.startsWith('actions/checkout@')))
      expect(step.with).toMatchObject({ 'persist-credentials': false });
  });
});
