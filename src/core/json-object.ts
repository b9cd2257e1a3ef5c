/** What JSON calls an object, of which nothing is known. */
export type JsonObject = Record<string, unknown>;

/** @param text anybody's, or null.  @returns the object it is; an empty one where it is none. */
export function parseJsonObject(text: string | null): JsonObject {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
