package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

// conn calls one installation. Each call passes its gate, waits for the process, and has a deadline.
type conn struct {
	host   *Host
	target Target
}

// Invoke calls a method. An error that wraps ErrNotSent means that the plugin never saw the call.
func (c *conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) (err error) {
	req, ok := args.(proto.Message)
	if !ok {
		return fmt.Errorf("%w: %T is no message of the contract", ErrNotSent, args)
	}
	b := budgetOf(method)
	ctx, cancel := context.WithTimeout(ctx, b.deadline)
	defer cancel()
	done := c.host.metrics.begin(c.target.Binary, method)
	err = c.host.breakers.call(c.target.Installation, method, c.breakerMoved, func() error {
		leave, err := c.host.gates.enter(ctx, c.target.Installation+method, b.width)
		if err != nil {
			return err
		}
		defer leave()
		err = c.attempt(ctx, method, req, reply, opts)
		if b.repeatable && ctx.Err() == nil && lost(ctx, err) {
			err = c.attempt(ctx, method, req, reply, opts)
		}
		return err
	})
	done(err)
	return c.describe(method, err)
}

// breakerMoved tells of an outage and of its end.
func (c *conn) breakerMoved(method string, from, to gobreaker.State) {
	b := c.target.Binary
	c.host.cfg.Log.Warn("plugin's circuit breaker", "plugin", b.Plugin, "version", b.Version, "installation", c.target.Installation, "method", method, "from", from.String(), "to", to.String())
	c.host.metrics.breaker.WithLabelValues(b.Plugin, b.Version, method, to.String()).Inc()
}

// attempt makes the call, so that the plugin's method runs once at most. It begins again where that is certain not to have happened: the
// process died before the request was written to it, or did not know the installation.
func (c *conn) attempt(ctx context.Context, method string, req proto.Message, reply any, opts []grpc.CallOption) error {
	for tries := 0; ; tries++ {
		run, err := c.ready(ctx)
		if err != nil {
			return err
		}
		c.stamp(ctx, req)
		watched, sent := watchSent(ctx)
		err = run.conn.Invoke(watched, method, req, reply, opts...)
		switch {
		case lost(ctx, err) && !sent.Load():
			if tries == 2 {
				return fmt.Errorf("%w: %w", ErrNotSent, err)
			}
			run.awaitDeath(ctx)
		case needsConfig(err) && tries < 2:
			if err := run.put(ctx, c); err != nil {
				return fmt.Errorf("%w: configure: %w", ErrNotSent, err)
			}
		default:
			return err
		}
	}
}

// NewStream opens a stream, with the same promises as Invoke up to its first message.
func (c *conn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	run, err := c.ready(ctx)
	if err != nil {
		return nil, c.describe(method, err)
	}
	if err := run.put(ctx, c); err != nil {
		return nil, c.describe(method, fmt.Errorf("%w: configure: %w", ErrNotSent, err))
	}
	s, err := run.conn.NewStream(ctx, desc, method, opts...)
	if err != nil {
		return nil, c.describe(method, err)
	}
	return &stampedStream{ClientStream: s, conn: c}, nil
}

type stampedStream struct {
	grpc.ClientStream
	conn *conn
}

func (s *stampedStream) SendMsg(m any) error {
	if req, ok := m.(proto.Message); ok {
		s.conn.stamp(s.Context(), req)
	}
	return s.ClientStream.SendMsg(m)
}

func (c *conn) ready(ctx context.Context) (*running, error) {
	p, err := c.host.process(c.target)
	if err != nil {
		return nil, err
	}
	return p.ready(ctx)
}

// stamp fills in field 1 of the request: who is calling, and until when. What the caller set as key and locale stays.
func (c *conn) stamp(ctx context.Context, req proto.Message) {
	m := req.ProtoReflect()
	f := m.Descriptor().Fields().ByName("call")
	if f == nil || f.Message() == nil {
		return
	}
	call, ok := m.Mutable(f).Message().Interface().(*pluginv1.Call)
	if !ok {
		return
	}
	call.TenantId, call.InstallationId, call.ConfigRev = c.target.Tenant, c.target.Installation, c.target.Rev
	call.Mode = pluginv1.Call_SANDBOX
	if c.target.Live {
		call.Mode = pluginv1.Call_LIVE
	}
	if call.RequestId == "" {
		call.RequestId = uuid.NewString()
	}
	if t, ok := ctx.Deadline(); ok {
		call.Deadline = timestamppb.New(t)
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		call.Traceparent = fmt.Sprintf("00-%s-%s-%s", sc.TraceID(), sc.SpanID(), sc.TraceFlags())
	}
}

func (c *conn) describe(method string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("plugin %s %s: %s: %w", c.target.Binary.Plugin, c.target.Binary.Version, shortName(method), err)
}

func needsConfig(err error) bool {
	return err != nil && sdk.ProblemOf(err).GetCode() == sdk.NeedsConfig
}

// lost says that the process went away under the call. The plugin's own "upstream is down" comes with a Problem; "cancelled" that nobody has asked for is said of a connection
// that we are closing, for its process is dead.
func lost(ctx context.Context, err error) bool {
	if err == nil || errors.Is(err, ErrNotSent) || sdk.ProblemOf(err) != nil {
		return false
	}
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.Canceled && ctx.Err() == nil
}

// put hands the installation's settings to the process. Calls that need the same settings at once do it one by one; the
// plugin makes a revision only once.
func (r *running) put(ctx context.Context, c *conn) error {
	if c.target.Load == nil {
		return errors.New("the installation has no settings")
	}
	s, err := c.target.Load(ctx)
	if err != nil {
		return fmt.Errorf("load settings: %w", err)
	}
	config, err := asStruct(s.Config)
	if err != nil {
		return err
	}
	r.logs.mask(s.Secrets)
	r.outlet.permit(c.target.Installation, s.Egress)
	req := &pluginv1.PutInstanceRequest{Config: config, Secrets: s.Secrets, WebhookUrl: s.WebhookURL}
	c.stamp(ctx, req)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = pluginv1.NewRuntimeClient(r.conn).PutInstance(ctx, req)
	return err
}

func asStruct(config map[string]any) (*structpb.Struct, error) {
	s, err := structpb.NewStruct(config)
	if err != nil {
		return nil, fmt.Errorf("%w: configuration: %w", ErrNotSent, err)
	}
	return s, nil
}
