#!/usr/bin/env bats
# The self-test is worth what it notices: each control is taken away before the boot, in an image whose setpriv and
# iptables-restore leave it out, or by the engine. The boot then ends with 70 and names the promises that broke, and
# nothing of the repository or the agent has run. The same image with nothing left out boots and holds.

load ../container/cloister

setup_file() {
  start_internet --ipv6 --subnet4 198.51.100.128/25 --subnet6 2001:db8:c17::/64
  "$ENGINE" build --quiet --build-arg "IMAGE=$CLOISTER_IMAGE" --tag "$NAME-variant" \
    "$BATS_TEST_DIRNAME/fixtures/removals" >/dev/null
  echo "nameserver $NET_DNS" >"$BATS_FILE_TMPDIR/resolv.conf"
  ctl PUT /dns/zone/cloister-self-test.invalid '{"a": ["198.51.100.194"]}' >/dev/null
}

teardown_file() {
  remove_all
  "$ENGINE" image rm --force "$NAME-variant" >/dev/null 2>&1 || true
}

filter='the agent runs under a seccomp filter'
namespaces='the agent gets no namespace of its own'
doors='the kernel’s back doors are closed'
sockets='no socket but unix, TCP, UDP and routing'
capabilities='the agent has no capability and can gain none'
proc='the agent is kept from writing below /proc'
groups='the agent has no supplementary group'
last='the agent goes first when memory runs out, and leaves no core file or queue behind'
root='the root filesystem is read-only'
programs='no program that others run can be replaced'
setuid='no program gives more rights than its caller has'
state='the state of the box belongs to root'
address='an address outside the list is refused at once over IPv4'
address6='an address outside the list is refused at once over IPv6'
datagram='a datagram outside the list is refused at once'
name='a name outside the list is refused on the wire, whatever the address'
firewall='the firewall stands in the kernel, inwards too'
denied='a denied name does not resolve'
resolver='another resolver than the box’s own is not reached'

# What is removed · what /etc/without says · how the box is run · the verdict · the promises, `;` between them.
rows=(
  "our seccomp filter, where the engine has none·filter·no-engine-filter·broken·$filter;$namespaces;$doors;$sockets"
  "our seccomp filter, where the engine's own stays·filter·reference·broken·$doors;$sockets"
  "no_new_privs, and what the kernel grants only with it·no_new_privs filter landlock·may-gain·broken·no program the agent runs gains privileges;$doors;$sockets;$proc"
  "the empty bounding set·bounding·reference·broken·$capabilities"
  "the empty capability sets·capabilities bounding·reference·broken·$capabilities"
  "the empty list of groups·groups·reference·broken·$groups"
  "the agent's group·gid·reference·broken·$groups"
  "the agent's user·uid·reference·broken·the agent is no root;root's private folder is closed;the operator's socket is closed;the files of other users’ processes are closed;other users’ processes take no signal"
  "the agent's user and Landlock, with the kernel's switches open·uid landlock·open-switches·broken·the agent is no root;$proc;$state;root's private folder is closed;the operator's socket is closed;the kernel's switches are closed;the files of other users’ processes are closed;other users’ processes take no signal"
  "Landlock, though the kernel has it·landlock·reference·broken·$proc"
  "the score by which the agent goes first·score·reference·broken·$last"
  "the limits·limits·reference·broken·$last"
  "the seal of the root·sealed·own-root·broken·$root"
  "root's ownership of a folder of programs·program·own-root·broken·$programs"
  "root's ownership of a folder of programs, on a volume·nothing·programs-volume·broken·$root;$programs"
  "the sweep for setuid programs·setuid·own-root·broken·$setuid"
  "the mode of the state·state·reference·broken·$state"
  "the mode of root's private folder·private·reference·broken·root's private folder is closed"
  "the mode of the operator's socket·socket·reference·broken·the operator's socket is closed"
  "the firewall·output·reference·broken·$firewall;$address;$datagram"
  "the agent's jump into its chain·jump·reference·broken·$firewall"
  "what nothing opens, before the pins·closed·reference·broken·$firewall"
  "the firewall before what comes in·input·reference·broken·$firewall"
  "the firewall of IPv6 before what comes in·input6·reference·broken·$firewall"
  "the last word of the agent's chain·accept·reference·broken·$address;$datagram"
  "the answer to what is refused·answer·reference·broken·$address;$datagram"
  "the refusal of datagrams·udp·reference·broken·$datagram"
  "the firewall of IPv6·output6·reference·broken·$firewall;$address6"
  "the counters·counters·reference·unknown·$address;$datagram"
  "the counters of IPv6·counters6·reference·unknown·$address6"
  "the redirect of queries·dns·reference·unknown·$denied;$resolver"
  "the redirect of queries, and the firewall before the upstream·dns upstream·asks-upstream·broken·$denied;$resolver"
  "the resolver's denial·nothing·name-allowed·broken·$denied;$resolver;$name"
  "the redirect to the proxy·proxy·reference·unknown·$name"
  "the redirect to the proxy, and the firewall behind it·proxy tls·reference·broken·$name"
)

# flags_for RUN: what differs from the reference run; a line that begins with `without ` leaves flags out.
flags_for() {
  case $1 in
  no-engine-filter) echo --security-opt=seccomp=unconfined ;;
  may-gain) echo 'without --security-opt=no-new-privileges' ;;
  open-switches) echo --security-opt=systempaths=unconfined ;;
  own-root) printf '%s\n' 'without --read-only' --cap-add=SYS_ADMIN --security-opt=apparmor=unconfined ;;
  programs-volume) echo "--volume=$NAME-programs:/usr/local/bin" ;;
  asks-upstream) echo "--volume=$BATS_FILE_TMPDIR/resolv.conf:/etc/resolv.conf:ro" ;;
  name-allowed) echo --env=ALLOW_DOMAINS=cloister-self-test.invalid ;;
  esac
}

# start CONTROLS RUN [FLAG...]: a box to its end, or for as long as a whole one may take; its log is $output.
start() {
  local flags own left_out
  echo "$1" >"$BATS_TEST_TMPDIR/without"
  mapfile -t own < <(flags_for "$2" | grep -v '^without ')
  left_out=$(flags_for "$2" | sed -n 's/^without //p')
  mapfile -t flags < <({ reference_flags; internet_flags; } | grep -vxF -e "${left_out:-none}")
  try timeout 120 "$ENGINE" run --rm --name "$NAME-row" "${flags[@]}" "${own[@]}" "${@:3}" \
    --volume "$BATS_TEST_TMPDIR/without:/etc/without:ro" --env REPO_URL=https://github.com/cloister-demo/hello \
    --env CLAUDE_PROMPT=hello "$NAME-variant"
}

judge_row() {
  local title controls run verdict promises said
  IFS=· read -r title controls run verdict promises <<<"${rows[$1]}"
  for log in /anthropic/log /github/log; do ctl DELETE $log >/dev/null; done
  [[ $run != programs-volume ]] || fill_programs
  start "$controls" "$run"
  [[ $status == 70 ]]
  said=$(jq --raw-output --slurp --raw-input 'split("\n")[] | fromjson? | select(.event == "boot.failed") |
    select(.step == "self-test") | .message' <<<"$output")
  case $verdict in
  broken) [[ $said == 'the box does not hold what it promises: '* ]] ;;
  unknown) [[ $said == 'the box could not prove what it promises: '* ]] ;;
  esac
  diff <(tr ';' '\n' <<<"$promises" | sort) <(sed 's/^[^:]*promises: //; s/; /\n/g' <<<"$said" | sed 's/ (.*//' | sort)
  # Nothing has run: no step after it, no word to the model. Objects were fetched meanwhile, and nothing else was asked.
  run ! grep -E '"step":"(repository|session)"' <<<"$output"
  holds /anthropic/log '. == []'
  holds /github/log 'all(.[]; (.path | contains("git-upload-pack")) or (.method == "GET" and (.path | startswith("/repos/"))))'
}

# A volume takes over what the image has in that place.
fill_programs() {
  "$ENGINE" volume create --label "cloister.test=$NAME" "$NAME-programs" >/dev/null
  "$ENGINE" run --rm --label "cloister.test=$NAME" --network none --volume "$NAME-programs:/usr/local/bin" \
    --entrypoint chown "$NAME-variant" claude /usr/local/bin
}

for row in "${!rows[@]}"; do
  bats_test_function --description "without ${rows[$row]%%·*} the boot ends with 70, says which promise fell, and starts nothing" -- judge_row "$row"
done

# ready_box RUN: the image of the table with nothing left out, run as the rows are.
ready_box() {
  local flags own left_out
  : >"$BATS_TEST_TMPDIR/without"
  mapfile -t own < <(flags_for "$1" | grep -v '^without ')
  left_out=$(flags_for "$1" | sed -n 's/^without //p')
  "$ENGINE" rm --force "$NAME-whole" >/dev/null 2>&1 || true
  mapfile -t flags < <({ reference_flags; internet_flags; } | grep -vxF -e "${left_out:-none}")
  "$ENGINE" run --detach --name "$NAME-whole" "${flags[@]}" "${own[@]}" \
    --volume "$BATS_TEST_TMPDIR/without:/etc/without:ro" --env REPO_URL=https://github.com/cloister-demo/hello \
    --env CLAUDE_PROMPT=hello "$NAME-variant" >/dev/null
  eventually 30 in_box whole '[[ -s /run/cloister/ready ]]' || { "$ENGINE" logs "$NAME-whole"; return 1; }
  try "$ENGINE" exec "$NAME-whole" cloister verify --json
  [[ $status == 0 ]]
  matches "$output" 'length > 25 and all(.[]; .verdict == "holds")'
}

@test "with nothing left out the same image boots, clones, and the agent speaks to the model" {
  ready_box reference
  eventually 20 holds /anthropic/log 'any(.[]; .path | startswith("/v1/messages"))'
  holds /github/log 'length > 0'
  remove_box whole
}

@test "so it does in each of the ways that the rows are run, but those that take something away themselves" {
  local run
  for run in no-engine-filter may-gain open-switches own-root asks-upstream; do
    ready_box $run
    remove_box whole
  done
}
