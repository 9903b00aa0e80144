#!/bin/sh
# A recorded `docker`: it answers as Compose 2.29 did, keeps its containers as files, and writes down how it was called.
echo "$COMPOSE_PROJECT_NAME|$PWD|$*" >>"$WT_TEST_DOCKER/calls"
[ "$1" = compose ] || exit 1
shift
for name; do :; done
box="$WT_TEST_DOCKER/$COMPOSE_PROJECT_NAME-$name"
case $1 in
up)
    [ "$name" != broken ] || { echo "no such image" >&2; exit 18; }
    echo " Container $COMPOSE_PROJECT_NAME-$name-1  Started" >&2
    echo running >"$box"
    ;;
logs)
    echo "$name speaks"
    while [ "$(cat "$box")" = running ] || [ "$(cat "$box")" = unhealthy ]; do sleep 0.02; done
    ;;
stop)
    echo exited 0 >"$box"
    ;;
ps)
    [ -e "$box" ] || exit 0
    read -r state status <"$box"
    health=''
    case $state in unhealthy | starting) health=$state state=running ;; esac
    printf '{"ID":"5b1e","Name":"%s-1","Service":"%s","State":"%s","Health":"%s","ExitCode":%s}\n' \
        "$COMPOSE_PROJECT_NAME-$name" "$name" "$state" "$health" "${status:-0}"
    ;;
esac
