# Loaded by the files that are to see an attack succeed where the control stands in our own program: the product has no
# switch, so an image is made in which the program is another one.
# shellcheck shell=bash

# build_edited TAG BASE [FROM TO]...: the image BASE with pieces of our program replaced, each on one line and without
# a single quote. The build fails where there is nothing to replace.
build_edited() {
  local tag=$1 base=$2 from to commands='true'
  shift 2
  while (($# > 0)); do
    from=$(sed 's/[][\.*^$|&]/\\&/g' <<<"$1") to=$(sed 's/[\|&]/\\&/g' <<<"$2")
    commands+=$(printf " && grep -qF -- '%s' $PROGRAM && sed -i 's|%s|%s|' $PROGRAM" "$1" "$from" "$to")
    shift 2
  done
  printf 'FROM %s\nRUN %s\n' "$base" "$commands" |
    "$ENGINE" build --quiet --label "cloister.test=$NAME" --tag "$tag" - >/dev/null
}

PROGRAM='/usr/local/lib/cloister/*.mjs'
