// Command testplugin does on request what plugins should not do. It is built and run by the tests of package host.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

func main() {
	sdk.Serve(sdk.Plugin[*naughty]{ID: "test/naughty", Version: "1.0.0", Manifest: []byte("{}"), New: newNaughty})
}

type naughty struct{ sdk.Instance }

func newNaughty(_ context.Context, in sdk.Instance) (*naughty, error) {
	if in.Config["refuse"] == true {
		return nil, &sdk.Error{Class: sdk.Config, Code: "config.invalid", Field: "refuse", Message: "refuse must be off"}
	}
	return &naughty{Instance: in}, nil
}

// Methods answers with the installation's secret, to show whose configuration is used.
func (n *naughty) Methods(context.Context, *pluginv1.MethodsRequest) (*pluginv1.MethodsResponse, error) {
	return &pluginv1.MethodsResponse{Methods: []*pluginv1.MethodsResponse_M{{Code: n.Secrets["token"], LabelKey: strconv.FormatUint(n.Rev, 10)}}}, nil
}

// Authorize does what method_code says.
func (n *naughty) Authorize(ctx context.Context, in *pluginv1.AuthorizeRequest) (*pluginv1.TxnResult, error) {
	data := map[string]string{"pid": strconv.Itoa(os.Getpid()), "uid": strconv.Itoa(os.Getuid())}
	switch in.GetMethodCode() {
	case "sleep":
		<-ctx.Done()
		return nil, ctx.Err()
	case "stubborn":
		time.Sleep(time.Minute)
	case "panic":
		panic("as asked")
	case "exit":
		fmt.Fprintln(os.Stderr, "last words")
		os.Exit(3)
	case "env":
		data["env"] = strings.Join(os.Environ(), "\x00")
	case "status":
		raw, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return nil, err
		}
		data["status"] = string(raw)
	case "child":
		cmd := exec.CommandContext(context.Background(), "/bin/sleep", "1000")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.NewFile(2, "stderr")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		data["child"] = strconv.Itoa(cmd.Process.Pid)
	case "flood":
		stderr := os.NewFile(2, "stderr")
		for i := range 20000 {
			_, _ = fmt.Fprintf(stderr, "line %d %s\n", i, n.Secrets["token"])
		}
		_, _ = io.WriteString(stderr, strings.Repeat("x", 1<<20)+"\n")
	case "huge":
		data["huge"] = strings.Repeat("x", 8<<20)
	case "outage":
		return nil, &sdk.Error{Class: sdk.Upstream, Code: "provider.down", Message: "no answer"}
	case "declined":
		return nil, &sdk.Error{Class: sdk.Declined, Code: "card.declined", Message: "no money"}
	case "crime":
		data["crime"] = fmt.Sprint(n.commit(in.GetReturnUrl()))
	case "plain":
		return nil, fmt.Errorf("something went wrong")
	}
	return &pluginv1.TxnResult{State: pluginv1.TxnResult_CAPTURED, ProviderRef: "ref", Amount: in.GetAmount(), ProviderData: data}, nil
}

func (n *naughty) Refund(context.Context, *pluginv1.RefundRequest) (*pluginv1.TxnResult, error) {
	return nil, &sdk.Error{Class: sdk.Declined, Code: "refund.closed", Message: "too late"}
}

func (n *naughty) Lookup(_ context.Context, in *pluginv1.LookupRequest) (*pluginv1.TxnResult, error) {
	return &pluginv1.TxnResult{State: pluginv1.TxnResult_NOT_ATTEMPTED, TxnId: in.GetTxnId()}, nil
}
