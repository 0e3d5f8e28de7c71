package host

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

const startTimeout = 10 * time.Second

// running is a plugin process that has said who it is.
type running struct {
	client *plugin.Client
	runner *childRunner
	conn   *grpc.ClientConn
	logs   *logs
	outlet *outlet
	uid    int
}

// launch verifies and starts the process and shakes hands with it.
func launch(p *process) (*running, error) {
	child := newChildRunner(p)
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake,
		VersionedPlugins: map[int]plugin.PluginSet{sdk.Protocol: {sdk.Name: &contract{}}},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, tmp string) (runner.Runner, error) {
			return child, child.prepare(cmd.Env, tmp)
		},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     startTimeout,
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       p.logs.writer(),
		SyncStderr:       p.logs.writer(),
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: p.host.dir.path, Group: child.group()},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(sdk.MaxMessage), grpc.MaxCallSendMsgSize(sdk.MaxMessage)),
			grpc.WithStatsHandler(sentWatcher{}),
		},
	})
	run := &running{client: client, runner: child, logs: p.logs, outlet: p.outlet, uid: child.uid}
	if err := run.shakeHands(p.binary); err != nil {
		run.end()
		return nil, err
	}
	return run, nil
}

// shakeHands connects and compares what the process says of itself with what was recorded. go-plugin's own connect has no deadline
// against a process that stops in the middle, so a timer kills it.
func (r *running) shakeHands(b Binary) error {
	timer := time.AfterFunc(startTimeout+time.Second, r.runner.kill)
	defer timer.Stop()
	proto, err := r.client.Client()
	if err != nil {
		if r.runner.refused != nil {
			return r.runner.refused
		}
		return fmt.Errorf("start: %w", err)
	}
	raw, err := proto.Dispense(sdk.Name)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	r.conn = raw.(*grpc.ClientConn)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	d, err := pluginv1.NewRuntimeClient(r.conn).Describe(ctx, &pluginv1.DescribeRequest{})
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	if d.GetPluginId() != b.Plugin || d.GetVersion() != b.Version {
		return fmt.Errorf("%w: the binary says it is %s %s, recorded is %s %s", errBlocked, d.GetPluginId(), d.GetVersion(), b.Plugin, b.Version)
	}
	if b.ManifestSHA256 != "" && d.GetManifestSha256() != b.ManifestSHA256 {
		return fmt.Errorf("%w: the binary carries another manifest than the one recorded", errBlocked)
	}
	return nil
}

func (r *running) alive() bool {
	select {
	case <-r.runner.dead:
		return false
	default:
		return true
	}
}

func (r *running) dead() <-chan struct{} { return r.runner.dead }
func (r *running) kill()                 { r.runner.kill() }
func (r *running) pid() int              { return r.runner.pid() }

// cause waits for the last words of a dead process and says how it ended.
func (r *running) cause() error {
	<-r.runner.quiet
	if err := r.runner.exit; err != nil {
		return err
	}
	return errors.New("the process ended")
}

func (r *running) health(deadline time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	h, err := pluginv1.NewRuntimeClient(r.conn).Health(ctx, &pluginv1.HealthRequest{})
	if err == nil && h.GetStatus() == pluginv1.HealthResponse_DOWN {
		r.logs.log.Warn("plugin says it is down", "detail", h.GetDetail())
	}
	return err
}

// awaitDeath gives a process that refuses connections a moment to be seen dead.
func (r *running) awaitDeath(ctx context.Context) {
	t := time.NewTimer(100 * time.Millisecond)
	defer t.Stop()
	select {
	case <-r.dead():
	case <-t.C:
	case <-ctx.Done():
	}
}

// drain lets calls in flight end, for the grace given.
func (r *running) drain(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace+time.Second)
	defer cancel()
	_, _ = pluginv1.NewRuntimeClient(r.conn).Drain(ctx, &pluginv1.DrainRequest{GraceMs: uint32(grace.Milliseconds())})
}

// end makes sure that the process is gone and its socket removed. go-plugin's Kill may hang on a process that does not answer, so
// it gets two seconds before the whole process group is killed under it.
func (r *running) end() {
	done := make(chan struct{})
	go func() { defer close(done); r.client.Kill() }()
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	r.runner.kill()
	<-done
	r.runner.clear()
}

// contract is the host's side of go-plugin's registration: it hands out the connection.
type contract struct{ plugin.NetRPCUnsupportedPlugin }

func (*contract) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves no plugin")
}

func (*contract) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}
