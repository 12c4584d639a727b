# The image of a release: bench and nothing else. .goreleaser.yaml puts the released binary into it.
# It serves the commands that need no other program, for example:
#
#   docker run --rm -v "$PWD:/data" IMAGE verify reports/example
#
# A command that writes files needs your user: add --user "$(id -u):$(id -g)".
# To load an https address, add -v /etc/ssl/certs:/etc/ssl/certs:ro.
# `bench run` starts servers, so run it from a clone of the repository instead.
FROM scratch
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/bench /usr/bin/bench
WORKDIR /data
USER 10001:10001
ENTRYPOINT ["/usr/bin/bench"]
