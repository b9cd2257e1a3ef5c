import { expect } from 'vitest';
import { judgeHealth } from '../../../src/checks/health/judge-health.ts';
import { notificationOfRescue } from '../../../src/init/notification-of.ts';
import type { SaveReport } from '../../../src/rescue/protocol.ts';
import { describeSave } from '../../../src/rescue/rescue-text.ts';
import { newState } from '../../../src/state/box-state.ts';
import type { World } from './world.ts';

/** What a box whose last rescue answered so says of itself: status, health, and the last word to the operator. */
export function saidOf(report: SaveReport) {
  const { level, said } = describeSave(report, { url: 'https://github.com/a/b', time: 0 });
  const partial = report.kind === 'pushed' && report.partial;
  const start = newState({ bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 });
  const rescue = { ...start.rescue, outcome: report.kind, partial, said: said ?? '' };
  const state = { ...start, phase: 'ready' as const, session: { running: true, restarts: 0 }, rescue };
  const well = { alive: true, gaps: [], resolver: true, proxy: true, agent: true, disks: {}, memory: null };
  const health = judgeHealth({ ...well, state });
  return { level, said: said ?? '', health: health.status, word: notificationOfRescue(rescue) };
}

/** Compares what a rescue says with what is so: each file is on the remote as it is here, or named. */
export function assertTrue(box: World, report: SaveReport, work: ReturnType<World['files']>): void {
  const { said, health, word, level } = saidOf(report);
  const there = (path: string) =>
    report.kind === 'pushed' && savedIn(box, report.refs, path) === octetsOf(work[path]);
  const lost = Object.keys(work).filter((path) => !there(path));
  switch (report.kind) {
    case 'pushed': {
      const named = report.leftOut.map(({ path }) => path);
      expect(lost.filter((path) => !named.some((name) => path === name || path.startsWith(name)))).toEqual(
        [],
      );
      expect([health, word]).toEqual(report.partial ? ['degraded', 'saved-in-part'] : ['healthy', 'saved']);
      if (report.partial || named.length > 0) expect(level).toBe('warn');
      for (const note of report.notes) expect(said).toContain(note);
      break;
    }
    case 'failed':
      expect([health, word, level]).toEqual(['degraded', 'unsaved', 'error']);
      break;
    default:
      expect([
        report.kind,
        Object.keys(work).filter((path) => box.onBranch(path) !== octetsOf(work[path])),
      ]).toEqual(['nothing', []]);
      expect([health, word]).toEqual(['healthy', null]);
  }
}

function octetsOf(told = ''): string {
  return told.slice(told.indexOf(' ') + 1);
}

function savedIn(box: World, refs: Readonly<Record<string, string>>, path: string): string | null {
  const [ref = ''] = Object.keys(refs).filter((name) => name.endsWith('/work'));
  return box.blob(ref, path);
}
