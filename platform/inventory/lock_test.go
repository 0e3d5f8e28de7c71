package inventory

import (
	"context"
	"errors"
	"testing"
	"time"

	"allhours/platform/base/db"
)

// TestWhoComesSecondSeesWhatTheFirstDid holds one verb open until another waits for it: the second must decide on what the first has left, not on what it saw before.
func TestWhoComesSecondSeesWhatTheFirstDid(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, second := range map[string]struct {
		do   func(s *shop, mug Level) error
		want error
	}{
		"take": {func(s *shop, mug Level) error {
			return s.db.InTx(ctx, s.sc, func(tx *db.Tx) error { return s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug.ID, 1}}) })
		}, ErrOutOfStock},
		"count": {func(s *shop, mug Level) error {
			_, err := s.Set(ctx, s.sc, mug.ID, 9, mug.OnHand, "")
			return err
		}, ErrChanged},
		"transfer": {func(s *shop, _ Level) error {
			_, err := s.Transfer(ctx, s.sc, s.store.ID, s.depot.ID, []Count{{"mug", 1}})
			return err
		}, ErrOutOfStock},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, "mug")
			s.stock("mug", 2)
			mug := s.level(s.store.ID, "mug")
			answer := make(chan error, 1)
			s.tx(func(tx *db.Tx) error {
				if err := s.TakeTx(tx, OrderOwner(db.NewID()), []Demand{{mug.ID, 1}}); err != nil {
					return err
				}
				if _, err := s.changeOne(tx, mug.ID, "", func(Level) (change, error) { return change{Level: mug.ID, Kind: "adjust", OnHand: -1}, nil }); err != nil {
					return err
				}
				go func() { answer <- second.do(s, mug) }()
				return s.waiting(answer)
			})
			if err := <-answer; !errors.Is(err, second.want) {
				t.Errorf("got %v, want %v", err, second.want)
			}
		})
	}
}

// waiting returns once another session waits for a lock, or has answered without one.
func (s *shop) waiting(answer chan error) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		var n int64
		err := s.db.InTx(context.Background(), s.sc, func(tx *db.Tx) error {
			return tx.Raw(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Row().Scan(&n)
		})
		if err != nil || n > 0 || len(answer) > 0 {
			return err
		}
	}
	return errors.New("nobody waited")
}
