import { ingestPort, ownAddress } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';

/** Claude Code's managed settings of this boot: those of the image link here. Nothing in them is secret. */
export function writeManaged(
  host: Host,
  { telemetry, repositoryHooks }: Pick<Settings, 'telemetry' | 'repositoryHooks'>,
): void {
  const env =
    telemetry === null
      ? {}
      : {
          CLAUDE_CODE_ENABLE_TELEMETRY: '1',
          OTEL_METRICS_EXPORTER: 'otlp',
          OTEL_LOGS_EXPORTER: 'otlp',
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://${ownAddress}:${ingestPort}`,
          OTEL_LOG_TOOL_CONTENT: '0',
          OTEL_LOG_ASSISTANT_RESPONSES: '0',
          ...telemetry.variables,
        };
  const hooks = repositoryHooks ? { allowManagedHooksOnly: false } : {};
  host.files.write(Paths.managed, `${JSON.stringify({ ...hooks, env }, null, 2)}\n`, 0o644);
}
