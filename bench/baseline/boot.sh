#!/bin/bash
# The boot as people write it: one plain script, one command after the other. It is measured beside ours with
# the same image, flags, settings and repository; it is no box to use.
set -euo pipefail

log() {
  local now=${EPOCHREALTIME/[.,]/}
  printf '{"time":%d.%s,"event":"%s"}\n' "${now:0:13}" "${now:13}" "$1"
}

as_claude() {
  setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all env -i HOME=/home/claude \
    PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 TERM=xterm-256color GIT_TERMINAL_PROMPT=0 \
    GIT_SSL_CAINFO="${EXTRA_CA_CERTS:-}" NODE_EXTRA_CA_CERTS="${EXTRA_CA_CERTS:-}" \
    CLAUDE_CODE_OAUTH_TOKEN="$CLAUDE_CODE_OAUTH_TOKEN" "$@"
}

validate() {
  [[ ${GH_PAT:-} =~ ^[A-Za-z0-9_]+$ ]] || { echo 'GH_PAT is missing' >&2 && exit 78; }
  [[ ${CLAUDE_CODE_OAUTH_TOKEN:-} == sk-ant-* ]] || { echo 'CLAUDE_CODE_OAUTH_TOKEN is missing' >&2 && exit 78; }
  [[ ${REPO_URL:-} =~ ^https://[a-z0-9.-]+/ ]] || { echo 'REPO_URL is no https URL' >&2 && exit 78; }
}

default_deny() {
  iptables -F OUTPUT
  iptables -F INPUT
  iptables -A OUTPUT -o lo -j ACCEPT
  iptables -A INPUT -i lo -j ACCEPT
  iptables -A OUTPUT -p udp -d "$DNS_UPSTREAM" --dport 53 -j ACCEPT
  iptables -A OUTPUT -p tcp -d "$DNS_UPSTREAM" --dport 53 -j ACCEPT
  iptables -A OUTPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
  iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
  iptables -P INPUT DROP
  iptables -P FORWARD DROP
  iptables -P OUTPUT DROP
  ip6tables -F OUTPUT
  ip6tables -F INPUT
  ip6tables -A OUTPUT -o lo -j ACCEPT
  ip6tables -A INPUT -i lo -j ACCEPT
  ip6tables -P INPUT DROP
  ip6tables -P FORWARD DROP
  ip6tables -P OUTPUT DROP
}

allow_names() {
  local name address
  while read -r name; do
    for address in $(dig +short A "$name" | grep -E '^[0-9.]+$'); do
      iptables -A OUTPUT -p tcp -d "$address" --dport 443 -j ACCEPT
    done
  done </etc/cloister/domains.conf
  iptables -A OUTPUT -j REJECT --reject-with icmp-admin-prohibited
}

accounts() {
  as_claude git config --global user.name "${GIT_USER_NAME:-cloister}"
  as_claude git config --global user.email "${GIT_USER_EMAIL:-cloister@noreply.github.com}"
  as_claude git config --global credential.helper store
  as_claude git config --global url.https://github.com/.insteadOf git@github.com:
  as_claude sh -c "umask 077; echo 'https://x-access-token:$GH_PAT@github.com' >~/.git-credentials"
  as_claude mkdir -p /home/claude/.config/gh /home/claude/.claude
  as_claude sh -c "printf 'github.com:\n    oauth_token: %s\n    git_protocol: https\n' '$GH_PAT' >~/.config/gh/hosts.yml"
  as_claude sh -c "echo '{\"hasCompletedOnboarding\": true}' >~/.claude.json"
}

session() {
  as_claude tmux new-session -d -s main -x 200 -y 50 -c /workspace/repo claude --dangerously-skip-permissions
  as_claude tmux split-window -d -v -l 20% -t main -c /workspace/repo
  until as_claude tmux has-session -t main 2>/dev/null; do sleep 0.05; done
}

log begun
validate
default_deny
log firewall
allow_names
log pinned
accounts
as_claude git clone --quiet "$REPO_URL" /workspace/repo
log cloned
session
log ready
exec sleep infinity
