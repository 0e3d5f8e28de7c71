# The server with both user interfaces and the official plugins. Build with `make image`; the user interfaces are built before.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/bin/allhours /usr/local/bin/allhours
COPY --from=build /src/bin/plugins /usr/local/lib/allhours/plugins
ENV ALLHOURS_PLUGINS_DIR=/usr/local/lib/allhours/plugins ALLHOURS_BLOB_DIR=/var/lib/allhours/blobs
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/allhours"]
CMD ["serve"]
