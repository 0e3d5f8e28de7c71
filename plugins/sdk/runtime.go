package sdk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"allhours/plugins/sdk/pluginv1"
)

// Describe says who the plugin is; the host compares it with the manifest it trusts.
func (s *server) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	s.described.Do(s.restoreOutput)
	return &pluginv1.DescribeResponse{
		PluginId: s.id, Version: s.version, ManifestSha256: s.manifest, Kinds: s.kinds, Capabilities: s.caps, SdkVersion: Version,
	}, nil
}

// PutInstance makes the value for an installation's revision.
func (s *server) PutInstance(ctx context.Context, in *pluginv1.PutInstanceRequest) (*pluginv1.PutInstanceResponse, error) {
	want, err := s.instance(in.GetCall(), in.GetConfig(), in.GetSecrets(), in.GetWebhookUrl())
	if err != nil {
		return nil, err
	}
	if err := s.instances.put(ctx, want); err != nil {
		return nil, asConfigError(err)
	}
	return &pluginv1.PutInstanceResponse{ConfigRev: want.Rev}, nil
}

func (s *server) instance(call *pluginv1.Call, config *structpb.Struct, secrets map[string]string, webhook string) (Instance, error) {
	if call.GetTenantId() == "" || call.GetInstallationId() == "" {
		return Instance{}, &Error{Class: Bug, Code: "call.incomplete", Message: "tenant_id and installation_id are required"}
	}
	return Instance{
		Tenant: call.GetTenantId(), Installation: call.GetInstallationId(), Rev: call.GetConfigRev(),
		Live:   call.GetMode() == pluginv1.Call_LIVE,
		Config: config.AsMap(), Secrets: secrets, WebhookURL: webhook,
		HTTP: s.http, Log: logFor(s.log, call),
	}, nil
}

func asConfigError(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Config, Code: "config.refused", Message: err.Error()}
}

// DropInstance forgets an installation.
func (s *server) DropInstance(_ context.Context, in *pluginv1.DropInstanceRequest) (*pluginv1.DropInstanceResponse, error) {
	s.instances.drop(in.GetCall().GetInstallationId())
	return &pluginv1.DropInstanceResponse{}, nil
}

// TestConnection tries a configuration that is not saved yet.
func (s *server) TestConnection(ctx context.Context, in *pluginv1.TestConnectionRequest) (*pluginv1.TestConnectionResponse, error) {
	want, err := s.instance(in.GetCall(), in.GetConfig(), in.GetSecrets(), in.GetWebhookUrl())
	if err != nil {
		return nil, err
	}
	value, err := s.instances.make(ctx, want)
	if err != nil {
		return failed(asConfigError(err)), nil
	}
	if c, ok := value.(Closer); ok {
		defer c.Close()
	}
	t, ok := value.(Tester)
	if !ok {
		return &pluginv1.TestConnectionResponse{Ok: true}, nil
	}
	facts, err := t.Test(ctx)
	if err != nil {
		return failed(asConfigError(err)), nil
	}
	return &pluginv1.TestConnectionResponse{Ok: true, Facts: facts}, nil
}

func failed(err error) *pluginv1.TestConnectionResponse {
	return &pluginv1.TestConnectionResponse{Problems: []*pluginv1.Problem{ProblemOf(err)}}
}

// Health answers at once, whatever the providers do.
func (s *server) Health(context.Context, *pluginv1.HealthRequest) (*pluginv1.HealthResponse, error) {
	return &pluginv1.HealthResponse{
		Status: pluginv1.HealthResponse_OK, Instances: uint32(s.instances.count()), Inflight: uint32(s.inflight.Load()),
	}, nil
}

// CollectMetrics gives the plugin's own gauges as OpenMetrics text.
func (s *server) CollectMetrics(context.Context, *pluginv1.CollectMetricsRequest) (*pluginv1.CollectMetricsResponse, error) {
	text := fmt.Sprintf("# TYPE instances gauge\ninstances %d\n# TYPE inflight gauge\ninflight %d\n# EOF\n", s.instances.count(), s.inflight.Load())
	return &pluginv1.CollectMetricsResponse{Openmetrics: []byte(text)}, nil
}

// Drain refuses new calls and waits, for the grace given, until those in flight have ended.
func (s *server) Drain(ctx context.Context, in *pluginv1.DrainRequest) (*pluginv1.DrainResponse, error) {
	s.draining.Store(true)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.GetGraceMs())*time.Millisecond)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.inflight.Load() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return &pluginv1.DrainResponse{Inflight: uint32(s.inflight.Load())}, nil
		}
	}
	return &pluginv1.DrainResponse{}, nil
}

// EraseSubject forgets a person or a tenant. A plugin without Eraser stores nothing of them.
func (s *server) EraseSubject(ctx context.Context, in *pluginv1.EraseSubjectRequest) (*pluginv1.EraseSubjectResponse, error) {
	inst, done, err := s.begin(in.GetCall())
	if err != nil {
		return nil, err
	}
	defer done()
	e, ok := inst.value.(Eraser)
	if !ok {
		return &pluginv1.EraseSubjectResponse{}, nil
	}
	n, receipt, err := e.Erase(ctx, in.GetSubjectRef(), in.GetWholeTenant())
	return &pluginv1.EraseSubjectResponse{Erased: uint32(n), Receipt: receipt}, err
}

// begin finds the instance a call is for and counts the call as in flight.
func (s *server) begin(call *pluginv1.Call) (*instance, func(), error) {
	s.inflight.Add(1)
	if s.draining.Load() {
		s.inflight.Add(-1)
		return nil, nil, &Error{Class: Upstream, Code: "draining", Message: "the process is being replaced", SafeToRetry: true}
	}
	inst, giveBack, err := s.instances.use(call)
	if err != nil {
		s.inflight.Add(-1)
		return nil, nil, err
	}
	return inst, func() { giveBack(); s.inflight.Add(-1) }, nil
}

func sha256Hex(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
