package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Sign-in answers that are the same for everyone.
var (
	ErrInvalid      = fault.New(fault.Unauthenticated, "auth.invalid", "E-mail or password is not right.")
	ErrCodeRequired = fault.New(fault.Unauthenticated, "auth.code_required", "Enter the code of your authenticator app, or a recovery code.")
	ErrCodeInvalid  = fault.New(fault.Unauthenticated, "auth.code_invalid", "This code is not right, or has been used. Wait for the next one.")
)

// OperatorAccount is a person who runs the platform.
type OperatorAccount struct {
	ID    uuid.UUID `json:"id"`
	Email string    `json:"email"`
	Name  string    `json:"name"`
}

// NewOperator is an account with the secret of its authenticator app, which is told once.
type NewOperator struct {
	OperatorAccount
	TOTP TOTP
}

// CreateOperator makes an account. Operators sign in with a code of an authenticator app, always.
func (a *Access) CreateOperator(ctx context.Context, email, name, password string) (n NewOperator, err error) {
	email, name = strings.TrimSpace(email), strings.TrimSpace(name)
	if !strings.Contains(email, "@") || name == "" {
		return n, fault.New(fault.Invalid, "operator.invalid", "An operator needs an e-mail address and a name.").Field("email", "needed").Field("name", "needed")
	}
	if err := CheckPassword(password, email, name); err != nil {
		return n, err
	}
	stored, err := a.HashPassword(ctx, password)
	if err != nil {
		return n, err
	}
	n.OperatorAccount = OperatorAccount{ID: db.NewID(), Email: email, Name: name}
	if n.TOTP, err = a.NewTOTP(uuid.Nil, n.ID, "Allhours operator", email); err != nil {
		return n, err
	}
	err = a.db.InSystemTx(ctx, func(tx *db.Tx) error { return insertOperator(tx, n, stored) })
	if db.Violates(err, "operators_email_key") {
		return n, fault.New(fault.Conflict, "operator.exists", "There is an operator with this e-mail address already.").Field("email", "in use")
	}
	return n, err
}

// OperatorLogin signs an operator in: password and code.
func (a *Access) OperatorLogin(ctx context.Context, email, password, code string, c Client) (o Opened, who OperatorAccount, err error) {
	var row operatorRow
	at := rules(Operator, email, "", false, network(c.IP))
	var refused error
	err = a.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		refused = nil
		for _, r := range at {
			failures, since, err := countFailure(tx, "operator_throttle", r)
			if err != nil {
				return fmt.Errorf("count sign-ins: %w", err)
			}
			if failures > r.most {
				refused = tooMany(since.Add(r.window).Sub(tx.Now))
				return nil
			}
		}
		row, err = operatorByEmail(tx, email)
		return err
	})
	if err != nil || refused != nil {
		return o, who, firstOf(err, refused)
	}
	ok, err := a.VerifyPassword(ctx, row.PasswordHash, password)
	if err != nil {
		return o, who, err
	}
	if !ok || row.Status != "active" {
		return o, who, ErrInvalid
	}
	if code == "" {
		return o, who, ErrCodeRequired
	}
	err = a.db.InSystemTx(ctx, func(tx *db.Tx) error {
		row, err := lockOperator(tx, row.ID)
		if err != nil {
			return err
		}
		step, ok, err := a.CheckTOTP(uuid.Nil, row.ID, row.TotpSecret, code, tx.Now, row.TotpStep)
		if err != nil {
			return err
		}
		if !ok {
			return ErrCodeInvalid
		}
		if err := setOperatorStep(tx, row.ID, step); err != nil {
			return err
		}
		for _, r := range at {
			if err := clearFailures(tx, "operator_throttle", r.key); err != nil {
				return err
			}
		}
		token, h := mint(operatorPrefix, uuid.Nil)
		o, who = Opened{ID: db.NewID(), Token: token, Life: operatorLife}, OperatorAccount{ID: row.ID, Email: row.Email, Name: row.Name}
		return insertOperatorSession(tx, o.ID, row.ID, h, c, tx.Now.Add(operatorLife))
	})
	return o, who, err
}

// OperatorLogout ends the operator's session.
func (a *Access) OperatorLogout(ctx context.Context, id Identity) error {
	return a.db.InSystemTx(ctx, func(tx *db.Tx) error { return deleteOperatorSession(tx, id.SessionID) })
}

func (a *Access) operator(ctx context.Context, token string) (id Identity, err error) {
	_, h, ok := parse(operatorPrefix, token)
	if !ok {
		return id, ErrUnknown
	}
	err = a.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		id, err = operatorSession(tx, h, tx.Now.Add(-operatorIdle))
		return err
	})
	if db.IsNotFound(err) {
		return Identity{}, ErrUnknown
	}
	return id, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
