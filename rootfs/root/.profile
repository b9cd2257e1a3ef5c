if [ -n "${BASH_VERSION:-}" ]; then . /root/.bashrc; else . /root/.cloister-gate; fi
