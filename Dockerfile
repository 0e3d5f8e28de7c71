# The server with both user interfaces and the official plugins. Build with `make image`; the user interfaces are built before.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 make build BUILDFLAGS=-trimpath && mkdir -p /root-of-image/tmp /root-of-image/var/lib/allhours/blobs && chmod 1777 /root-of-image/tmp && chown -R 65532:65532 /root-of-image/var/lib/allhours

FROM scratch
COPY --from=build /root-of-image/ /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/bin/allhours /usr/local/bin/allhours
COPY --from=build /src/bin/plugins /usr/local/lib/allhours/plugins
ENV ALLHOURS_PLUGINS_DIR=/usr/local/lib/allhours/plugins ALLHOURS_BLOB_DIR=/var/lib/allhours/blobs
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/allhours"]
CMD ["serve"]
