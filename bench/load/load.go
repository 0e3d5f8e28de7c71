// Package load drives an HTTP server with closed-loop workers and measures what comes back. It spends as little processor as it can: it shares the machine with what it measures.
package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/valyala/fasthttp"
)

// Work is one unit of work of a worker, such as one order. n counts the worker's units from 0.
type Work func(worker, n int) error

// Result is what a run came to.
type Result struct {
	Done     int64
	Failed   int64
	First    error // the first failure
	Took     time.Duration
	P50, P99 time.Duration
}

// Rate is the units done a second.
func (r Result) Rate() float64 { return float64(r.Done) / r.Took.Seconds() }

// Run has so many workers do work, each the next as soon as the last is done, until the time is up or ctx ends.
func Run(ctx context.Context, workers int, for_ time.Duration, work Work) Result {
	ctx, cancel := context.WithTimeout(ctx, for_)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	all := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	out := Result{}
	began := time.Now()
	for w := range workers {
		wg.Go(func() {
			own := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
			var done, failed int64
			var first error
			for n := 0; ctx.Err() == nil; n++ {
				at := time.Now()
				if err := work(w, n); err != nil {
					failed++
					if first == nil {
						first = err
					}
					continue
				}
				done++
				_ = own.RecordValue(max(1, time.Since(at).Microseconds()))
			}
			mu.Lock()
			defer mu.Unlock()
			all.Merge(own)
			out.Done += done
			out.Failed += failed
			if out.First == nil {
				out.First = first
			}
		})
	}
	wg.Wait()
	out.Took = time.Since(began)
	out.P50, out.P99 = time.Duration(all.ValueAtQuantile(50))*time.Microsecond, time.Duration(all.ValueAtQuantile(99))*time.Microsecond
	return out
}

// Client speaks to one server at one address; shops are told apart by the Host header.
type Client struct{ http *fasthttp.HostClient }

// NewClient makes a client with so many connections at the most.
func NewClient(addr string, conns int) *Client {
	return &Client{http: &fasthttp.HostClient{Addr: addr, MaxConns: conns, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, MaxIdleConnDuration: time.Minute}}
}

// Call is one request.
type Call struct {
	Method, Path, Host string
	Bearer, Cookie     string
	Key                string // Idempotency-Key
	Body               string
}

// ErrStatus is an answer that was not expected.
var ErrStatus = errors.New("unexpected status")

// Do sends the call and gives the answer's body, which is the caller's, and the cookie it sets, as "name=value".
func (c *Client) Do(call Call, want int) (body []byte, cookie string, err error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.Header.SetMethod(call.Method)
	req.SetRequestURI(call.Path)
	req.Header.SetHost(call.Host)
	req.Header.Set("X-Allhours", "1")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range map[string]string{"Idempotency-Key": call.Key, "Cookie": call.Cookie} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if call.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+call.Bearer)
	}
	if call.Body != "" {
		req.Header.SetContentType("application/json")
		req.SetBodyString(call.Body)
	}
	if err := c.http.Do(req, resp); err != nil {
		return nil, "", err
	}
	if resp.StatusCode() != want {
		return nil, "", fmt.Errorf("%w %d to %s %s: %.300s", ErrStatus, resp.StatusCode(), call.Method, call.Path, resp.Body())
	}
	resp.Header.VisitAllCookie(func(name, raw []byte) {
		var k fasthttp.Cookie
		if k.ParseBytes(raw) == nil {
			cookie = string(name) + "=" + string(k.Value())
		}
	})
	return append([]byte(nil), resp.Body()...), cookie, nil
}
