package db

import "context"

// Attempt is one try of a request that may be sent again: the Idempotency-Key it came with ("" where none was sent) and, once the handler knows, whether
// its answer is that of an earlier try. The gateway checks the key (1-200 visible characters) before the handler runs, and answers Idempotent-Replayed after it.
type Attempt struct {
	Key      string
	Replayed bool
}

type attemptKey struct{}

// WithAttempt puts the attempt on the context; the gateway does so for each request.
func WithAttempt(ctx context.Context, a *Attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

// AttemptOf gives the attempt of the context, never nil; what a handler sets on it outside a request is lost.
func AttemptOf(ctx context.Context) *Attempt {
	if a, ok := ctx.Value(attemptKey{}).(*Attempt); ok {
		return a
	}
	return &Attempt{}
}
