#!/bin/bash
# One look at a box, as root: what it says of itself, how long that takes, and what is so. Usage: look.sh UID-OF-THE-AGENT
# Times are told by the uptime, for the wall clock may jump; hundredths of a second.
agent=$1 socket=/run/cloister/session/tmux

main() {
  local started answered ended
  mark started
  status=$(timeout -k 1 25 cloister status --json 2>/dev/null)
  code=$?
  mark answered
  # What the machine takes just now for a program that does nothing.
  /usr/local/bin/node -e 0
  mark ended
  health=$(timeout -k 1 25 cloister health --json 2>/dev/null)
  printf 'status %s %s %s\n' $(((answered - started) * 10)) "$code" "$status"
  printf 'empty %s\nhealth %s\n' $(((ended - answered) * 10)) "$health"
  world | sed 's/^/wrong /'
  echo over
}

mark() {
  local now
  read -r now _ </proc/uptime
  printf -v "$1" %d "$((10#${now/./}))"
}

# What is wrong, by a look of its own; nothing where all is well.
world() {
  local server state user name
  server=$(pgrep -P 1 -f -- '-f /etc/cloister/tmux.conf -D$')
  [[ -n $server && $(client display-message -p -t =cloister '#{pid}') == "$server" ]] || echo 'session: not entered'
  [[ $(client list-panes -s -t =cloister -F '#{@cloister_role}#{pane_dead}' | grep -E '^[a-z]' | sort | xargs) == 'agent0 shell0' ]] ||
    echo 'session: not both panes'
  claude >/dev/null || echo 'agent: no Claude'
  pgrep -u 65053 >/dev/null || echo 'egress: no process'
  pgrep -u 65054 >/dev/null || echo 'packet-log: no process'
  ps -eo stat=,uid=,comm= | while read -r state user name; do
    [[ $state == T* ]] || continue
    case $user,$name in
      65053,*) echo 'egress: stopped' ;;
      65054,*) echo 'packet-log: stopped' ;;
      "$agent,tmux: server") echo 'session: stopped' ;;
    esac
  done
  [[ $(claude) != T* ]] || echo 'agent: stopped'
}

# The state of the one in the pane: others are no business of the session's.
claude() {
  local pane
  pane=$(client list-panes -s -t =cloister -F '#{@cloister_role} #{pane_pid}' | sed -n 's/^agent //p')
  if [[ $pane ]]; then ps -o stat=,comm= --ppid "$pane" | grep claude; else pgrep -x -u "$agent" claude; fi
}

client() {
  timeout -k 1 10 setpriv "--reuid=$agent" "--regid=$agent" --clear-groups tmux -N -S "$socket" "$@" 2>/dev/null
}

main
