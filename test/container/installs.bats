#!/usr/bin/env bats
# bats file_tags=here
# Real programs install real packages through the box, by the list as it is shipped: from the registries that its image was
# made from, with this machine's certificate authorities, and at addresses that may be private.

load cloister

setup_file() {
  local hosts=("$(host_in build/npm/npmrc)" registry.yarnpkg.com "$(host_in build/host/sources.list)") flags=() host
  for host in "${hosts[@]}"; do addresses_of "$host"; done >"$BATS_FILE_TMPDIR/addresses"
  flags+=(--env "ALLOW_PRIVATE=$(sort -u "$BATS_FILE_TMPDIR/addresses" | paste -sd,)")
  if [[ -s $ROOT/build/host/ca.pem ]]; then
    flags+=(--volume "$ROOT/build/host/ca.pem:/certs/ca.pem:ro" --env EXTRA_CA_CERTS=/certs/ca.pem)
  fi
  "$ROOT/scripts/run" "$NAME-main" --label "cloister.test=$NAME" "${flags[@]}" --env GH_PAT=none --env "ANTHROPIC_API_KEY=$API_KEY"
}

teardown_file() {
  remove_all
}

API_KEY=sk-ant-api03-of-nobody-at-all

# The host of the first address in a file that the image was made with.
host_in() {
  sed -nE 's|.*https?://([^/:]+).*|\1|p' "$ROOT/$1" | head -n 1
}

addresses_of() {
  "$ENGINE" run --rm --entrypoint getent "$CLOISTER_IMAGE" ahostsv4 "$1" | cut -d ' ' -f 1
}

agent() {
  timeout 300 "$ENGINE" exec "$NAME-main" cloister as-agent bash -c "$1"
}

refused_nothing() {
  [[ -z $("$ENGINE" exec "$NAME-main" cloister log) ]]
}

@test "npm installs a package" {
  agent 'mkdir /tmp/npm && cd /tmp/npm && npm init --yes >/dev/null && npm install --no-audit --no-fund --no-update-notifier is-odd'
  [[ $(agent 'cd /tmp/npm && node --print "require(\"is-odd\")(3)"') == true ]]
  refused_nothing
}

@test "Yarn installs a package from its own registry" {
  agent 'mkdir /tmp/yarn && cd /tmp/yarn && echo "{}" >package.json && npx --yes yarn@1.22.22 add --silent is-even'
  [[ $(agent 'cd /tmp/yarn && node --print "require(\"is-even\")(2)"') == true ]]
  grep -q '^  resolved "https://registry.yarnpkg.com/' <(agent 'cat /tmp/yarn/yarn.lock')
  refused_nothing
}

@test "apt fetches a package of Debian's, which runs" {
  agent 'mkdir -p /tmp/apt/lists/partial /tmp/apt/cache/archives/partial && cd /tmp/apt &&
    apt-get --quiet -o Dir::State::lists=/tmp/apt/lists -o Dir::Cache=/tmp/apt/cache -o Acquire::Languages=none update &&
    apt-get -o Dir::State::lists=/tmp/apt/lists -o Dir::Cache=/tmp/apt/cache download hello && dpkg-deb -x hello_*.deb root'
  [[ $(agent '/tmp/apt/root/usr/bin/hello') == 'Hello, world!' ]]
  refused_nothing
}
