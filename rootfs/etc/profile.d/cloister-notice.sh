# shellcheck shell=sh
# What the box has to say on the first screen: of work it has restored, or could not.
case $- in *i*)
	if [ -t 1 ] && [ -r /run/cloister/agent/notice ]; then
		printf '\033[1mcloister:\033[0m %s\n' "$(cat /run/cloister/agent/notice)"
	fi
	;;
esac
