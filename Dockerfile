# Written for every builder alike: the legacy one, BuildKit and Podman. Stages that are thrown away see
# the host's registry and certificates; nothing of them is trusted in the image.

# A release gives the digest of this, from scripts/images.conf.
ARG BASE=node:26-trixie-slim

# Debian's programs, the users, and no setuid file.
FROM $BASE AS system
ENV LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY build/host/ /run/build/
COPY rootfs/usr/local/libexec/cloister/harden-image /usr/local/libexec/cloister/harden-image
RUN set -eu; \
    set --; \
    if [ -s /run/build/sources.list ]; then \
      set -- -o Dir::Etc::SourceList=/run/build/sources.list -o Dir::Etc::SourceParts=/dev/null; fi; \
    if [ -s /run/build/ca.pem ]; then set -- "$@" -o Acquire::https::CAInfo=/run/build/ca.pem; fi; \
    export DEBIAN_FRONTEND=noninteractive; \
    apt-get "$@" update -q --error-on=any; \
    apt-get "$@" install -qy --no-install-recommends \
      bat ca-certificates curl fd-find file g++ gcc gh git git-lfs iproute2 iptables jq just less libc6-dev \
      libcap2-bin libnss-extrausers make nftables openssh-client patch pipx procps python-is-python3 python3 python3-pip \
      python3-venv ripgrep tmux tree ulogd2 ulogd2-json unzip util-linux wget xz-utils; \
    for marker in /usr/lib/python3.*/EXTERNALLY-MANAGED; do \
      dpkg-divert --quiet --local --rename --divert "$marker.debian" --add "$marker"; \
    done; \
    update-alternatives --set iptables /usr/sbin/iptables-nft; \
    update-alternatives --set ip6tables /usr/sbin/ip6tables-nft; \
    ln -s /usr/lib/*/ulogd /usr/local/lib/ulogd; \
    ln -s /usr/bin/batcat /usr/local/bin/bat; \
    ln -s /usr/bin/fdfind /usr/local/bin/fd; \
    userdel --remove node 2>/dev/null; \
    groupadd --gid 1000 claude; \
    useradd --uid 1000 --gid claude --shell /bin/bash --create-home claude; \
    groupadd --gid 65053 egress; \
    useradd --uid 65053 --gid egress --shell /usr/sbin/nologin --no-create-home --home-dir /nonexistent egress; \
    sed -i -E 's/^((passwd|group):.*files)/\1 extrausers/' /etc/nsswitch.conf; \
    install -d /var/lib/extrausers; \
    for name in passwd group; do ln -sf "/run/cloister/$name" "/var/lib/extrausers/$name"; done; \
    install -d -o claude -g claude /workspace; \
    install -d -o claude -g claude -m 0700 /home/claude/.claude; \
    install -d -m 0755 /run/cloister /usr/local/etc; \
    ln -sf /run/cloister/agent/gitconfig /etc/gitconfig; \
    ln -sf /run/cloister/agent/npmrc /usr/local/etc/npmrc; \
    rm -f /usr/bin/*-lto-dump-* /usr/bin/su /usr/bin/newgrp /usr/bin/sg /usr/bin/chsh /usr/bin/expiry; \
    rm -rf /run/build /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* \
      /var/log/* /tmp/* /root/.npm; \
    /usr/local/libexec/cloister/harden-image

# Programs from npm, one copy of each big binary.
FROM system AS toolbox
WORKDIR /toolbox
COPY build/host/ build/npm/ /run/build/
COPY toolbox/ ./
RUN set -eu; \
    if [ -s /run/build/ca.pem ]; then export NODE_EXTRA_CA_CERTS=/run/build/ca.pem; fi; \
    export NPM_CONFIG_USERCONFIG=/run/build/npmrc; \
    npm ci --no-audit --no-fund --no-update-notifier; \
    lib=/out/usr/local/lib bin=/out/usr/local/bin; \
    mkdir -p "$lib/claude-code" "$lib/toolbox" "$bin"; \
    mv node_modules/@anthropic-ai/claude-code/bin/claude.exe "$lib/claude-code/claude"; \
    mv node_modules/@anthropic-ai/claude-code/LICENSE.md node_modules/@anthropic-ai/claude-code/package.json \
      "$lib/claude-code/"; \
    mv node_modules/bun/bin/bun.exe "$bin/bun"; \
    ln -s bun "$bin/bunx"; \
    if [ "$(uname -m)" = aarch64 ]; then \
      npm pack --silent "@jdxcode/mise-linux-arm64@$(jq -r '.optionalDependencies[]' package.json)" | xargs tar xzf; \
      mv package/bin/mise "$bin/mise"; \
    else \
      mv node_modules/@jdxcode/mise-linux-x64/bin/mise "$bin/mise"; \
    fi; \
    rm -rf node_modules/@anthropic-ai node_modules/@jdxcode node_modules/@oven node_modules/bun \
      node_modules/.package-lock.json; \
    mv node_modules "$lib/toolbox/"; \
    for name in prettier tsc tsserver typescript-language-server; do \
      ln -s "../lib/toolbox/node_modules/.bin/$name" "$bin/$name"; \
    done; \
    ln -s ../lib/toolbox/node_modules/corepack/dist/corepack.js "$bin/corepack"; \
    node "$bin/corepack" enable --install-directory "$bin"; \
    for name in bun bunx claude corepack mise pnpm pnpx yarn yarnpkg; do \
      rm -f "$lib/toolbox/node_modules/.bin/$name"; \
    done; \
    ./fill-corepack "$bin/corepack" /out/usr/local/share/corepack; \
    chmod -R u=rwX,go=rX /out

# Our own program, and everything else of ours, laid out as in the image.
FROM system AS build
WORKDIR /build
COPY build/host/ build/npm/ /run/build/
COPY package.json package-lock.json ./
# node-gyp compiles node-pty against the headers that came with Node instead of fetching them.
RUN set -eu; \
    if [ -s /run/build/ca.pem ]; then export NODE_EXTRA_CA_CERTS=/run/build/ca.pem; fi; \
    export NPM_CONFIG_USERCONFIG=/run/build/npmrc npm_config_nodedir=/usr/local; \
    npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier; \
    npm rebuild node-pty; \
    test -f node_modules/node-pty/build/Release/pty.node
COPY tsconfig.json ./
COPY scripts/bundle.ts scripts/seccomp.ts scripts/
COPY src/ src/
RUN set -eu; \
    npm run --silent build; \
    lib=/usr/local/lib/cloister pty=node_modules/node-pty; \
    mkdir -p "$lib/$pty/build/Release"; \
    cp -R dist/. package.json "$lib/"; \
    for addon in attempt destination netfilter reap; do \
      gcc -O2 -Wall -Wextra -Werror -shared -fPIC -I/usr/local/include/node -o "$lib/$addon.node" "src/host/native/$addon.c"; \
    done; \
    gcc -O2 -Wall -Wextra -Werror -o "$lib/outcome" src/host/native/outcome.c; \
    node scripts/seccomp.ts "$lib"; \
    cp -R "$pty/package.json" "$pty/LICENSE" "$pty/lib" "$lib/$pty/"; \
    find "$lib/$pty/lib" -type f ! -name '*.js' -delete; \
    find "$lib/$pty/lib" -name '*.test.js' -delete; \
    for built in pty.node spawn-helper; do \
      if [ -e "$pty/build/Release/$built" ]; then cp "$pty/build/Release/$built" "$lib/$pty/build/Release/"; fi; \
    done
COPY scripts/warm.ts scripts/
RUN node scripts/warm.ts /usr/local/lib/cloister 0 1000 65053
COPY rootfs/ /out/
COPY network/ /out/etc/cloister/
RUN set -eu; \
    mkdir -p /out/usr/local/lib; \
    cp -a /usr/local/lib/cloister /out/usr/local/lib/; \
    ln -s /run/cloister/managed.json /out/etc/claude-code/managed-settings.d/90-box.json; \
    for name in chromium opt/chrome opt/chrome_for_testing opt/edge; do \
      ln -s /run/cloister/browser-policy.json "/out/etc/$name/policies/managed/certificates.json"; \
    done; \
    chmod -R u=rwX,go=rX /out; \
    if [ -d /out/root ]; then chmod 0700 /out/root; fi

FROM system AS image
COPY --from=toolbox /out/ /
COPY --from=build /out/ /
# The build fails here rather than hand out a way to root.
RUN /usr/local/libexec/cloister/harden-image --check
WORKDIR /
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=150s CMD ["/usr/local/bin/cloister", "health"]
# What an interactive POSIX shell reads: a root login that is no bash enters the session as well.
ENV ENV=/root/.cloister-gate
ENTRYPOINT ["/usr/local/bin/cloister", "init"]
CMD []
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Cloister" \
      org.opencontainers.image.description="A hardened container in which Claude Code works alone and can do no harm" \
      org.opencontainers.image.source="https://github.com/cloister-dev/cloister" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
