#!/usr/bin/env bats
# A minute of the hostile hour (`make chaos`): the same faults, from one seed. Those that use up what the machine has once
# are left to the long run.

load cloister

teardown_file() {
  remove_all
}

# chaos SEED MINUTES FAULTS
chaos() {
  SEED=$1 MINUTES=$2 FAULTS=$3 CHAOS_NAME=$NAME PATIENCE=$PATIENCE try "$ROOT/scripts/chaos"
}

@test "a minute of faults at random breaks no promise" {
  chaos 11 1 killed,stopped,full,resolver,remote,clock,repository,socket
  [[ $status == 0 && $output == *'All promises held.'* ]]
}

@test "where the firewall is taken away, and no rescue reaches the remote, the same run hears and misses it: removal" {
  # What is broken for good is not waited for.
  PATIENCE=0.2 chaos 11 0 'removal/firewall and rescue'
  [[ $status == 1 && $output == *'BROKEN: the canary heard: tcp to the canary'* && $output == *'of the work are lost'* ]]
}
