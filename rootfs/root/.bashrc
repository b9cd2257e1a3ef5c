. /root/.cloister-gate
