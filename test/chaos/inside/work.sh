#!/bin/bash
# A step of the agent's work, each all or none; then what there is, file by file. Usage: work.sh [STEP SALT]
# What a fault puts into the repository lies in the folder `fault` and is no work.
cd /workspace/repo || exit

step() {
  local number=$1 salt=$2
  write "work/$number.txt" "step $number $salt"
  case $((number % 7)) in
    3) write README.md "changed by step $number" ;;
    4) commit "Step $number" ;;
    6) rm -f "work/$((number - 5)).txt" ;;
  esac
}

# Beside the repository first: what is cut short is no part of it.
write() {
  mkdir -p work && printf '%s\n' "$2" >/workspace/.step && mv /workspace/.step "$1" || { rm -f /workspace/.step; exit 1; }
}

# It may be that git can't: then the files are there all the same.
commit() {
  rm -f .git/index.lock
  timeout 10 git add --all work README.md && timeout 10 git -c user.name=chaos -c user.email=chaos@example.org commit --quiet --message "$1"
} >/dev/null 2>&1

if (($# > 0)); then step "$@"; fi
find . -path ./.git -prune -o -path ./fault -prune -o -type f -exec sha256sum {} + | sort -k 2
