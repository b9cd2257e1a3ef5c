# shellcheck shell=sh
# A login shell begins with another PATH: it gets the folders of the agent's own programs back.
if [ "$(id -u)" -ne 0 ]; then
	PATH=$HOME/.local/bin:$HOME/.local/share/mise/shims:$HOME/.cargo/bin:$HOME/go/bin:$PATH
fi
