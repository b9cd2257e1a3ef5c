#!/usr/bin/env bats
# The checks of the CIS Docker Benchmark's sections 4 and 5 that the image and the reference run can answer for
# (docs/security.md): asked of the engine, not of our own files.

load cloister

setup_file() {
  "$ROOT/scripts/run" "$NAME-main" --label "cloister.test=$NAME" --network none --env GH_PAT=none \
    --env "CLAUDE_CODE_OAUTH_TOKEN=$CLAUDE_TOKEN"
}

teardown_file() {
  remove_all
}

# of_box TEMPLATE: what the engine knows of the running box.
of_box() {
  "$ENGINE" inspect --format "$1" "$NAME-main"
}

of_image() {
  "$ENGINE" image inspect --format "$1" "$CLOISTER_IMAGE"
}

@test "4.1 fails by design and nowhere else: init is root, and everything of the agent's is not" {
  [[ $(of_image '{{.Config.User}}') == '' ]]
  eventually 10 in_box main 'pgrep -u 1000 tmux'
  try "$ENGINE" top "$NAME-main" -eo pid,uid,args
  [[ $(awk '$2 == 0' <<<"$output" | wc -l) == 1 && $(awk '$2 == 0' <<<"$output") == *init-resumed* ]]
}

@test "4.6 and 5.27 the engine asks the box for its health" {
  [[ $(of_image '{{json .Config.Healthcheck.Test}}') == *cloister*health* ]]
  [[ $(of_box '{{.State.Health.Status}}') == @(starting|healthy|unhealthy) ]]
}

@test "4.8 no program of the image is setuid or setgid" {
  [[ $("$ENGINE" run --rm --network none --entrypoint find "$CLOISTER_IMAGE" / -xdev -perm /6000 -type f) == '' ]]
}

@test "4.9 and 4.10 the image was made with COPY, and neither layers nor settings hold a secret" {
  try "$ENGINE" history --no-trunc --format '{{.CreatedBy}}' "$CLOISTER_IMAGE"
  # The base image unpacks its root with ADD; above it nothing does.
  [[ $(sed '/debuerreotype/,$d' <<<"$output" | grep -c '^ADD\|#(nop) ADD') == 0 ]]
  run ! grep -iE '(ghp_|github_pat_|sk-ant|_authToken|BEGIN .*PRIVATE KEY)' <<<"$output$(of_image '{{json .Config}}')"
}

@test "5.4 only the capabilities that the boot needs are added, and all others dropped" {
  [[ $(of_box '{{json .HostConfig.CapDrop}}') == '["ALL"]' ]]
  [[ $(of_box '{{join .HostConfig.CapAdd "\n"}}' | sed 's/^CAP_//' | sort | tr '\n' ' ') == \
    'CHOWN DAC_OVERRIDE FOWNER KILL NET_ADMIN NET_BIND_SERVICE SETGID SETPCAP SETUID ' ]]
}

@test "5.5 and 5.18 it is not privileged, and has no device of the host's" {
  [[ $(of_box '{{.HostConfig.Privileged}} {{len .HostConfig.Devices}}') == 'false 0' ]]
}

@test "5.6 and 5.32 no folder of the host's that matters is mounted, and no socket of an engine" {
  [[ $(of_box '{{range .Mounts}}{{if eq .Type "bind"}}{{.Source}}{{end}}{{end}}') == '' ]]
  run ! in_box main 'find / -xdev -name "*.sock" -path "*docker*" | grep .'
}

@test "5.7 and 5.9 no SSH server runs, and nobody is asked to publish a port" {
  run ! in_box main 'pgrep -x sshd || type -P sshd'
  [[ $(of_box '{{len .HostConfig.PortBindings}}') == 0 ]]
}

@test "5.10, 5.16, 5.17, 5.21 and 5.31 it shares no namespace with the host" {
  [[ $(of_box '{{.HostConfig.NetworkMode}}') != host ]]
  [[ $(of_box '[{{.HostConfig.PidMode}}] {{.HostConfig.IpcMode}} [{{.HostConfig.UTSMode}}] [{{.HostConfig.UsernsMode}}]') == '[] private [] []' ]]
}

@test "5.11 and 5.29 memory and processes are limited" {
  (($(of_box '{{.HostConfig.Memory}}') > 0 && $(of_box '{{.HostConfig.PidsLimit}}') > 0))
}

@test "5.13 the root is mounted read-only, and 5.20 no mount is shared" {
  [[ $(of_box '{{.HostConfig.ReadonlyRootfs}}') == true ]]
  [[ $(of_box '{{range .Mounts}}{{.Propagation}} {{end}}') != *shared* ]]
}

@test "5.22 and 5.26 the engine's filter is on, and no process gains privileges" {
  [[ $(of_box '{{json .HostConfig.SecurityOpt}}') == '["no-new-privileges"]' ]]
  in_box main 'grep -q "^Seccomp:.2" /proc/1/status && grep -q "^NoNewPrivs:.1" /proc/1/status'
}

@test "5.15 the reference asks for no restart without end" {
  [[ $(of_box '{{.HostConfig.RestartPolicy.Name}}') == no ]]
}

@test "5.25 its control group is the engine's own choice" {
  [[ $(of_box '[{{.HostConfig.CgroupParent}}]') == '[]' ]]
}
