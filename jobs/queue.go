package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"golang.org/x/sync/errgroup"

	"allhours/platform/base/outbox"
)

// taskType is the one sort of task in Redis: look at this delivery.
const taskType = "deliver"

// queue puts wake-ups into Redis.
type queue struct {
	client    *asynq.Client
	inspector *asynq.Inspector
}

func newQueue(conn asynq.RedisConnOpt) *queue {
	return &queue{asynq.NewClient(conn), asynq.NewInspector(conn)}
}

func (q *queue) close() error { return errors.Join(q.client.Close(), q.inspector.Close()) }

// add enqueues all or fails; what it has enqueued before failing does no harm when
// it is enqueued again.
func (q *queue) add(ctx context.Context, ds []outbox.Delivery) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for _, d := range ds {
		if ctx.Err() != nil {
			break // one has failed: Redis is down
		}
		g.Go(func() error { return q.enqueue(ctx, d) })
	}
	return g.Wait()
}

func (q *queue) enqueue(ctx context.Context, d outbox.Delivery) error {
	payload, err := json.Marshal(d)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s:%s:%d", d.Event, d.Subscriber, d.Attempt)
	err = q.put(ctx, d.Queue, id, payload)
	if !errors.Is(err, asynq.ErrTaskIDConflict) {
		return err
	}
	if !d.Again || q.waits(d.Queue, id) {
		return nil
	}
	// asynq holds a task of that id which nobody will run: its worker died between
	// taking it from Redis and claiming the row.
	return q.put(ctx, d.Queue, id+":"+uuid.NewString(), payload)
}

func (q *queue) put(ctx context.Context, name, id string, payload []byte) error {
	// No retries by asynq: the row says when the next attempt is. The time-out is the
	// outer one; each subscription has its own.
	_, err := q.client.EnqueueContext(ctx, asynq.NewTask(taskType, payload), asynq.Queue(name), asynq.TaskID(id),
		asynq.MaxRetry(0), asynq.Timeout(6*time.Hour))
	return err
}

// waits reports whether the task is in line for a worker.
func (q *queue) waits(name, id string) bool {
	info, err := q.inspector.GetTaskInfo(name, id)
	return err == nil && info.State == asynq.TaskStatePending
}

// parse reads a wake-up. Whoever can write to Redis can make one up; it only names
// a row, and a row that is not open is left alone.
func parse(payload []byte) (d outbox.Delivery, err error) {
	if err := json.Unmarshal(payload, &d); err != nil {
		return d, err
	}
	if d.Tenant == uuid.Nil || d.Event == uuid.Nil || d.Subscriber == "" {
		return d, errors.New("tenant, event and subscriber are needed")
	}
	return d, nil
}
