#!/bin/sh
# A stand-in for `docker`, written by hand after the documentation of Compose 2.29: it keeps its containers as files, and
# writes down how it was called. What it says where the plugin or the engine is missing is what docker 28.2.2 said.
echo "$COMPOSE_PROJECT_NAME|$PWD|$*" >>"$WT_TEST_DOCKER/calls"
trouble=$(cat "$WT_TEST_DOCKER/trouble" 2>/dev/null)
if [ "$trouble" = engine ] && [ "$2" != version ]; then
    echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
    exit 1
fi
if [ "$trouble" = plugin ] && [ "$1" = compose ]; then
    case $2 in
    version) printf '%s\n' 'docker: unknown command: docker compose' '' "Run 'docker --help' for more information" >&2; exit 1 ;;
    *) printf '%s\n' "unknown flag: $3" '' 'Usage:  docker [OPTIONS] COMMAND [ARG...]' >&2; exit 125 ;;
    esac
fi
if [ "$1" = ps ]; then
    # A file PROJECT-PORT-published says that a container of the project publishes the port.
    for word; do case $word in label=*) project=${word##*=} ;; publish=*) port=${word#*=} ;; esac; done
    [ ! -e "$WT_TEST_DOCKER/$project-$port-published" ] || echo 5b1e
    exit 0
fi
[ "$1" = compose ] || exit 0
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
