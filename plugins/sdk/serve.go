package sdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"allhours/plugins/sdk/pluginv1"
)

// Handshake tells a plugin from any other program. It is no secret and protects nothing.
var Handshake = plugin.HandshakeConfig{MagicCookieKey: "ALLHOURS_PLUGIN", MagicCookieValue: "8d0f4c3e-serve"}

// Protocol is the version of the contract; Name is the one service set that go-plugin dispenses.
const (
	Protocol = 1
	Name     = "allhours"
)

// Serve answers the host until it ends. It does not return.
func Serve[T any](p Plugin[T]) {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)) // the real one: go-plugin replaces os.Stderr
	if p.ID == "" || p.Version == "" || p.New == nil {
		log.Error("sdk.Serve needs ID, Version and New")
		os.Exit(2)
	}
	srv := newServer(p, log)
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake,
		VersionedPlugins: map[int]plugin.PluginSet{Protocol: {Name: &serving{register: srv.register}}},
		GRPCServer:       func(opts []grpc.ServerOption) *grpc.Server { return grpc.NewServer(append(opts, srv.options()...)...) },
		Logger:           hclog.New(&hclog.LoggerOptions{Output: os.Stderr, JSONFormat: true, Level: hclog.Warn}),
	})
	os.Exit(0)
}

// serving is the plugin's side of go-plugin's registration.
type serving struct {
	plugin.NetRPCUnsupportedPlugin
	register func(grpc.ServiceRegistrar)
}

func (s *serving) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	s.register(g)
	return nil
}

func (s *serving) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("a plugin does not call itself")
}

func (s *server) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(MaxMessage),
		grpc.MaxSendMsgSize(MaxMessage),
		grpc.ChainUnaryInterceptor(s.guardUnary),
		grpc.ChainStreamInterceptor(s.guardStream),
	}
}

// guardUnary keeps one tenant's panic from ending the process that serves the others, and gives every error its Problem.
func (s *server) guardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if err = s.caught(recover(), info.FullMethod, err); err != nil {
			resp = nil
		}
	}()
	return next(ctx, req)
}

func (s *server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() { err = s.caught(recover(), info.FullMethod, err) }()
	return next(srv, stream)
}

func (s *server) caught(panicked any, method string, err error) error {
	if panicked != nil {
		s.log.Error("panic", "method", method, "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		return statusOf(&Error{Class: Bug, Code: "panic", Message: "the plugin failed; its log says where"})
	}
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) && e.Err != nil {
		s.log.Warn("call failed", "method", method, "code", e.Code, "cause", e.Err.Error())
	}
	return statusOf(err)
}

// server implements the services of the contract over the values that Plugin.New makes.
type server struct {
	id, version, manifest string
	kinds, caps           []string
	log                   *slog.Logger
	http                  *http.Client // one pool of connections for all installations
	instances             *instances
	inflight              atomic.Int32
	draining              atomic.Bool
	described             sync.Once
	stderr                *os.File

	pluginv1.UnimplementedRuntimeServer
	pluginv1.UnimplementedPaymentServer
	pluginv1.UnimplementedWebhookServer
}

func newServer[T any](p Plugin[T], log *slog.Logger) *server {
	s := &server{id: p.ID, version: p.Version, manifest: sha256Hex(p.Manifest), log: log, http: newHTTPClient(), stderr: os.Stderr}
	s.kinds, s.caps = capabilities[T]()
	s.instances = newInstances(func(ctx context.Context, in Instance) (any, error) { return p.New(ctx, in) })
	return s
}

// restoreOutput undoes go-plugin's redirection of os.Stdout and os.Stderr into a stream of gRPC, in which the last words of
// a program that ends at once would be lost. The host reads the real standard error as the plugin's log.
func (s *server) restoreOutput() { os.Stdout, os.Stderr = s.stderr, s.stderr }

func (s *server) register(g grpc.ServiceRegistrar) {
	pluginv1.RegisterRuntimeServer(g, s)
	pluginv1.RegisterPaymentServer(g, s)
	pluginv1.RegisterWebhookServer(g, s)
}
