#!/usr/bin/env bats
# The commands of the documents, as they stand there. A block of shell after `<!-- run -->` is run, with the names a reader
# has (the box `cloister`, the released image) put in place of the test's by a program called docker.

load cloister

DOCUMENTS=(README.md CONTRIBUTING.md docs/*.md)

setup_file() {
  start_internet
  mkdir -p "$BATS_FILE_TMPDIR/bin"
  internet_flags >"$BATS_FILE_TMPDIR/flags"
  # Never the volume that a reader of the README has.
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-claude" >/dev/null
  cat >"$BATS_FILE_TMPDIR/bin/docker" <<END
#!/usr/bin/env bash
# The first word cloister is the box; a terminal there is none.
words=() named=''
for word in "\$@"; do
  case \$word in
    cloister) [[ \$named ]] || word=$NAME-main; named=yes ;;
    cloister-claude:*) word=$NAME-claude:\${word#*:} ;;
    ghcr.io/cloister-dev/cloister:latest) word=$CLOISTER_IMAGE ;;
    -it) word=-i; [[ \$1 != run ]] || word=-dit ;;
  esac
  words+=("\$word")
done
if [[ \$1 == run ]]; then
  mapfile -t flags <"$BATS_FILE_TMPDIR/flags"
  words=(run "\${flags[@]}" "\${words[@]:1}")
fi
exec $(command -v "$ENGINE") "\${words[@]}"
END
  chmod +x "$BATS_FILE_TMPDIR/bin/docker"
}

teardown_file() {
  remove_all
}

setup() {
  PATH=$BATS_FILE_TMPDIR/bin:$PATH
}

# blocks MARK FILE: the blocks of shell behind that mark, each ended by a NUL.
blocks() {
  awk -v mark="<!-- $1 -->" '
    $0 == mark { wanted = 1; next }
    wanted && /^```sh$/ { inside = 1; next }
    inside && /^```$/ { inside = wanted = 0; printf "%c", 0; next }
    inside { print }
    !inside { wanted = 0 }' "$2"
}

@test "the README's docker run ends at a box that is ready" {
  export GH_PAT=$NET_GH_PAT CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN REPO_URL=https://github.com/cloister-demo/hello
  try bash -euo pipefail -c "$(blocks reference-run "$ROOT/README.md" | tr -d '\0')"
  [[ $status == 0 ]]
  eventually 30 in_box main '[[ -s /run/cloister/ready ]]'
}

@test "the README's table of commands works, word for word" {
  local command count=0
  while read -r command; do
    # A reader puts a name in; what waits for ever or for a terminal is tested elsewhere.
    [[ $command != *' -it '* ]] || continue
    command=${command//NAME/example.org}
    command=${command//PROGRAM/true}
    try bash -euo pipefail -c "$command"
    [[ $status == 0 ]]
    count=$((count + 1))
  done < <(grep -oE '`docker exec [^`]*`' "$ROOT/README.md" | tr -d '`')
  ((count >= 7))
}

@test "every block of the documents that is to be run, runs" {
  local document block count=0
  cd "$ROOT"
  # shellcheck disable=SC2068  # patterns, to be filled in here
  for document in ${DOCUMENTS[@]}; do
    while IFS= read -rd '' block; do
      mkdir -p "$BATS_TEST_TMPDIR/$count"
      cd "$BATS_TEST_TMPDIR/$count"
      echo "# $document"
      try timeout 60 bash -euo pipefail -c "$block" </dev/null
      [[ $status == 0 ]]
      cd "$ROOT"
      count=$((count + 1))
    done < <(blocks run "$document")
  done
  ((count >= 5))
}
