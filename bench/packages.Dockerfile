# The product's image with programs of Debian's that it is measured beside.
ARG BASE=cloister:dev
FROM $BASE
ARG PACKAGES
COPY build/host/ /run/build/
RUN set -eu; \
    from=''; \
    if [ -s /run/build/sources.list ]; then \
      from='-o Dir::Etc::SourceList=/run/build/sources.list -o Dir::Etc::SourceParts=/dev/null'; fi; \
    if [ -s /run/build/ca.pem ]; then from="$from -o Acquire::https::CAInfo=/run/build/ca.pem"; fi; \
    export DEBIAN_FRONTEND=noninteractive; \
    apt-get $from update -q; \
    apt-get $from install -qy --no-install-recommends $PACKAGES; \
    rm -rf /run/build /var/lib/apt/lists/*
