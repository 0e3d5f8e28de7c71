package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"allhours/platform/base/secrets"
)

const (
	totpPeriod    = 30
	recoveryCodes = 10
)

// TOTP is a secret for an authenticator app that has been made but not confirmed.
type TOTP struct {
	Secret string // base32, as a person would type it
	URI    string // otpauth://, for a QR code
	Sealed []byte // for the row of the subject
}

// NewTOTP makes a secret, sealed to the subject's row.
func (a *Access) NewTOTP(tenant, subject uuid.UUID, issuer, account string) (TOTP, error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: strings.ReplaceAll(issuer, ":", " "), AccountName: account, SecretSize: 20})
	if err != nil {
		return TOTP{}, fmt.Errorf("make secret: %w", err)
	}
	sealed, err := a.box.Seal([]byte(k.Secret()), secrets.AAD(tenant, "totp", subject.String()))
	return TOTP{Secret: k.Secret(), URI: k.URL(), Sealed: sealed}, err
}

// CheckTOTP tells whether the code is right at the time, give or take one step, and newer than the last one used. The step must be stored, so that a code works once.
func (a *Access) CheckTOTP(tenant, subject uuid.UUID, sealed []byte, code string, now time.Time, last int64) (step int64, ok bool, err error) {
	secret, err := a.box.Open(sealed, secrets.AAD(tenant, "totp", subject.String()))
	if err != nil {
		return 0, false, fmt.Errorf("open one-time secret: %w", err)
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	opts := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	for _, s := range []int64{now.Unix() / totpPeriod, now.Unix()/totpPeriod - 1, now.Unix()/totpPeriod + 1} {
		if s <= last {
			continue
		}
		if ok, err := hotp.ValidateCustom(code, uint64(s), string(secret), opts); err == nil && ok {
			return s, true, nil
		}
	}
	return 0, false, nil
}

// NewRecoveryCodes makes codes that stand in for the app, each once, and what is stored of them.
func NewRecoveryCodes(tenant, subject uuid.UUID) (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		b := make([]byte, 10)
		_, _ = rand.Read(b)
		c := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		c = c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
		codes, hashes = append(codes, c), append(hashes, RecoveryHash(tenant, subject, c))
	}
	return codes, hashes
}

// RecoveryHash is what is stored of a recovery code. The codes have 80 random bits, so that a fast hash will do.
func RecoveryHash(tenant, subject uuid.UUID, code string) []byte {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte("recovery:" + tenant.String() + ":" + subject.String() + ":" + code))
	return sum[:]
}
