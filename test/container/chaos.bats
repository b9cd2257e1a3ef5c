#!/usr/bin/env bats
# A minute of the hostile hour (`make chaos`): the same faults, from one seed. Those that use up what the machine has once
# are left to the long run.

load cloister

teardown_file() {
  remove_all
}

# chaos SEED MINUTES FAULTS
chaos() {
  SEED=$1 MINUTES=$2 FAULTS=$3 CHAOS_NAME=$NAME try "$ROOT/scripts/chaos"
}

@test "a minute of faults at random breaks no promise" {
  chaos 11 1 killed,stopped,full,resolver,remote,clock,repository,socket
  [[ $status == 0 && $output == *'All promises held.'* ]]
}

@test "where the firewall is taken away, the same run hears it: removal" {
  chaos 11 0.1 removal/firewall
  [[ $status == 1 && $output == *'BROKEN: the canary heard: tcp to the canary'* ]]
}

@test "where the last rescue did not reach the remote, the same run misses the work: removal" {
  chaos 12 0.1 removal/rescue
  [[ $status == 1 && $output == *'of the work are lost'* ]]
}
