/**
 * Compiles a pattern of a path: `*` and `?` stop at a slash, `**` does not, `{a,b}` is one of them. Node has one of
 * its own, whose loading costs more than all else a hook does.
 */
export function globPattern(pattern: string): RegExp {
  let depth = 0;
  const source = pattern.replace(/\*\*\/?|[*?{},]|[\\^$+.()|[\]]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') {
      depth += 1;
      return '(?:';
    }
    if (token === '}' && depth > 0) {
      depth -= 1;
      return ')';
    }
    if (token === ',') return depth > 0 ? '|' : ',';
    return `\\${token}`;
  });
  return new RegExp(`^${source}${')'.repeat(depth)}$`, 's');
}
