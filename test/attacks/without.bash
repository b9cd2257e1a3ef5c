# Loaded by the files that are to see an attack succeed where the control stands in our own program: the product has no
# switch, so an image is made in which the program was built without it.
# shellcheck shell=bash

# build_without TAG BASE REMOVALS: the image BASE with the program of removals/REMOVALS.ts (see scripts/removals.ts). What
# was built before from the same program and the same image, the engine has still.
build_without() {
  local built=$BATS_FILE_TMPDIR/without-$3
  (cd "$ROOT" && PATH=$PWD/node_modules/.bin:$PATH npm run --silent build -- "$built" "test/attacks/removals/$3.ts") || return
  chmod -R u=rwX,go=rX "$built"
  printf 'FROM %s\nRUN rm %s/*.mjs\nCOPY . %s/\n' "$2" "$PROGRAM" "$PROGRAM" |
    "$ENGINE" build --quiet --label "cloister.test=$NAME" --tag "$1" --file - "$built" >/dev/null
}

PROGRAM=/usr/local/lib/cloister
