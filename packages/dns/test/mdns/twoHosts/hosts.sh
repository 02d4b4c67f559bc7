#!/bin/sh
# Two machines on one cable, in namespaces of their own: `here` asks, `there` answers. What `here` says goes to standard output.
# usage: hosts.sh <node> <asker> <responder>
set -eu
node=$1 asker=$2 responder=$3
ready=$(mktemp)
trap 'rm -f "$ready"' EXIT

ip link set lo up
ip link add here type veth peer name there
ip address add 192.0.2.1/24 dev here
ip link set here up
ip -6 address add fe80::1/64 dev here nodad

unshare --net sh -eu -c '
  # The cable is plugged in by the other machine.
  until ip link show there >/dev/null 2>&1; do sleep 0.05; done
  ip link set lo up
  ip address add 192.0.2.2/24 dev there
  ip link set there up
  ip -6 address add fe80::2/64 dev there nodad
  exec "$0" --conditions=@handoff/source "$1" there
' "$node" "$responder" >"$ready" &
other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set there netns $other
until [ -s "$ready" ]; do
  kill -0 $other
  sleep 0.05
done
"$node" --conditions=@handoff/source "$asker" here
kill $other
