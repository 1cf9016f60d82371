#!/bin/sh
# guard.sh run PROGRAM [ARGUMENT...]   runs the program, sends it each signal that standard input names, a line each,
#                                      and kills it when standard input ends
# guard.sh remove DIRECTORY            removes the directory when standard input ends
#
# Standard input is a pipe whose other end only the test or demo holds, so it ends with that process
# however that process ends: by itself, by Ctrl-C, by kill -9.
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
  guard=$!
  wait $program
  status=$?
  kill $guard 2>/dev/null
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
