#!/bin/sh
# guard.sh run PROGRAM [ARGUMENT...]   runs the program, sends it each signal that standard input names, a line each,
#                                      and kills it when standard input ends. What it has started ends with it.
# guard.sh remove DIRECTORY            removes the directory when standard input ends
#
# Standard input is a pipe whose other end only the test or demo holds, so it ends with that process
# however that process ends: by itself, by Ctrl-C, by kill -9. This shell leads a process group, in which are all
# that it starts and those that they start: "0" to kill.
set -u
mode=$1
shift
exec 3<&0 </dev/null

case $mode in
run)
  "$@" 3<&- &
  program=$!
  # Until `wait` has seen the program end, nobody else can be given its process id.
  { while read -r signal <&3; do kill -s "$signal" $program; done; kill -9 $program; } 2>/dev/null &
  wait $program
  status=$?
  # Killed: the rest is killed too, and so is this shell. Else it must live on to tell the status, and the rest is asked to go.
  [ $status -eq 137 ] && kill -9 0
  trap '' TERM
  kill -s TERM 0
  exit $status
  ;;
remove)
  read -r _ <&3
  # Programs that are dying at this moment may still write, hence the second look.
  tries=50
  while [ $tries -gt 0 ]; do
    rm -rf "$1" 2>/dev/null
    sleep 0.1
    [ -e "$1" ] || exit 0
    tries=$((tries - 1))
  done
  exit 1
  ;;
esac
