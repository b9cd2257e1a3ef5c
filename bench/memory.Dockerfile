# The product's image with a copy of Node that no other container runs: programs that run one file share its
# pages, and a busy machine would make the box look smaller than it is.
ARG BASE=cloister:dev
FROM $BASE
RUN cp -a /usr/local/bin/node /usr/local/bin/node.copy && mv /usr/local/bin/node.copy /usr/local/bin/node
