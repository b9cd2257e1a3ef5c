import { asAgent, type Fault } from './fault.ts';

const keep = 'cd /workspace/repo && { [[ -e /kept/git ]] || cp -a .git /kept/git; }';
/** Only where this very container's was kept. */
const mend =
  'cd /workspace/repo && [[ -e /kept/git ]] && chmod -R u+rwX fault 2>/dev/null; rm -rf fault; [[ ! -e /kept/git ]] || { rm -rf .git && mv /kept/git .git; }';

export const repositoryFaults: readonly Fault[] = [
  damage(
    'pipes called like files of git',
    'mkdir -p fault/a && mkfifo fault/.gitignore fault/a/.gitattributes',
  ),
  damage('a pipe for its alternates', 'mkfifo .git/objects/info/alternates'),
  damage('an index of junk', 'head -c 5000 /dev/urandom >.git/index'),
  damage('an index cut short', 'truncate -s 40 .git/index'),
  damage('an empty HEAD', ': >.git/HEAD'),
  damage('a HEAD that is a pipe', 'rm .git/HEAD && mkfifo .git/HEAD'),
  damage('a newest commit that is empty', emptyCommit()),
  damage('a file for a .git', 'rm -rf .git && echo junk >.git'),
  damage('a .git that leads to itself', 'rm -rf .git && ln -s .git .git'),
  damage('no .git at all', 'rm -rf .git'),
  damage('objects that nobody may read', 'chmod 000 .git/objects'),
  damage(
    'a closed folder and a deep one',
    'mkdir -p fault/closed "fault/$(printf "d/%.0s" {1..1200})" && echo x >fault/closed/x && chmod 000 fault/closed',
  ),
  damage(
    'a configuration that names programs',
    'git config core.fsmonitor "sleep 1000" && git config filter.x.clean "sleep 1000" && mkdir -p fault && echo "* filter=x" >fault/.gitattributes',
  ),
];

function damage(name: string, script: string): Fault {
  return {
    kind: 'repository',
    name,
    stands: [12, 30],
    begin: asAgent(`${keep}; ${script}`),
    end: asAgent(mend),
  };
}

function emptyCommit(): string {
  return [
    'git -c user.name=x -c user.email=x@x commit -q --allow-empty -m own',
    "file=.git/objects/$(git rev-parse HEAD | sed 's|^..|&/|')",
    'chmod u+w $file && : >$file',
  ].join('; ');
}
