// Checks a person's receipt: go run ./receipt CODE TRUST.toml (exit 0 proved, 1 not). CODE is the code's text or a file
// with it. Trees and notes are those of golang.org/x/mod/sumdb; the phone's hardware key is checked by crypto/ecdsa.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const prefix = "peel-receipt:1:"

// reader takes deterministic CBOR off a code; after the first fault it gives nothing more.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

// head reads a head of one major type in its shortest form.
func (r *reader) head(major byte) uint64 {
	first := r.take(1)
	if r.bad || first[0]>>5 != major {
		r.bad = true
		return 0
	}
	low := uint64(first[0] & 31)
	if low < 24 {
		return low
	}
	if low > 27 {
		r.bad = true
		return 0
	}
	width := uint64(1) << (low - 24)
	var padded [8]byte
	copy(padded[8-width:], r.take(width))
	value := binary.BigEndian.Uint64(padded[:])
	least := []uint64{24, 1 << 8, 1 << 16, 1 << 32}[low-24]
	r.bad = r.bad || value < least
	return value
}

func (r *reader) bytes(least, most uint64) []byte {
	n := r.head(2)
	r.bad = r.bad || n < least || n > most
	return r.take(n)
}

func (r *reader) count(major byte, most uint64) uint64 {
	n := r.head(major)
	if r.bad || n > most {
		r.bad = true
		return 0
	}
	return n
}

func (r *reader) is(ok bool) { r.bad = r.bad || !ok }

// entry reads an entry of class 5: its index and the commitment in it.
func entry(data []byte) (index uint64, committed []byte, sound bool) {
	r := &reader{rest: data}
	r.is(r.head(5) == 10)
	key := func(k uint64) { r.is(r.head(0) == k) }
	key(1)
	r.is(r.head(0) == 1)
	key(2)
	index = r.head(0)
	key(3)
	r.bytes(16, 16)
	key(4)
	r.is(r.head(0) == 5)
	key(5)
	r.is(r.head(4) == 4)
	if len(r.rest) > 0 && r.rest[0]>>5 == 1 { // the wall clock may be negative
		r.is(r.head(1) < 1<<63)
	} else {
		r.is(r.head(0) < 1<<63)
	}
	r.head(0)
	r.bytes(8, 8)
	if len(r.rest) > 0 && r.rest[0] == 0xf6 {
		r.take(1)
	} else {
		r.bytes(32, 32)
	}
	key(6)
	r.bytes(32, 32)
	key(7)
	r.is(r.head(0) == 0)
	key(8)
	r.is(r.head(4) == 0)
	key(9)
	committed = r.bytes(32, 32)
	key(10)
	r.is(bytes.Equal(r.bytes(32, 32), make([]byte, 32)))
	return index, committed, !r.bad && len(r.rest) == 0
}

// rootOf computes the root that a leaf and its audit path lead to (RFC 9162 section 2.1.3.2).
func rootOf(index, size int64, leaf tlog.Hash, proof tlog.RecordProof) (tlog.Hash, bool) {
	at, last, root := index, size-1, leaf
	for _, hash := range proof {
		if last == 0 {
			return root, false
		}
		if at%2 == 1 || at == last {
			root = tlog.NodeHash(hash, root)
			for at%2 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			root = tlog.NodeHash(root, hash)
		}
		at, last = at>>1, last>>1
	}
	return root, last == 0
}

// hardware verifies a note by the phone's P-256 key: DER, with the lower of the two values of s.
type hardware struct {
	name string
	hash uint32
	key  *ecdsa.PublicKey
}

func (h hardware) Name() string    { return h.name }
func (h hardware) KeyHash() uint32 { return h.hash }
func (h hardware) Verify(msg, sig []byte) bool {
	var parsed struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(sig, &parsed)
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	digest := sha256.Sum256(msg)
	return err == nil && len(rest) == 0 && parsed.S.Cmp(half) <= 0 && ecdsa.VerifyASN1(h.key, digest[:], sig)
}

// keys gives the keys of a log from the trust file: its own first, then its hardware's.
func keys(trust, origin string) (verifiers []note.Verifier, err error) {
	lines := regexp.MustCompile(`(?m)^\[\[log\]\]\nkey = "(([^+"]*)[^"]*)"(?:\nhardware = "([^"]*)")?$`)
	for _, found := range lines.FindAllStringSubmatch(trust, -1) {
		if found[2] != origin {
			continue
		}
		own, err := note.NewVerifier(found[1])
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, own)
		if found[3] == "" {
			continue
		}
		parts := strings.SplitN(found[3], "+", 3)
		raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
		if err != nil || len(parts) != 3 || len(raw) < 2 || raw[0] != 2 {
			return nil, errors.New("trust file: not a hardware key")
		}
		parsed, err := x509.ParsePKIXPublicKey(raw[1:])
		key, isECDSA := parsed.(*ecdsa.PublicKey)
		if err != nil || !isECDSA {
			return nil, errors.New("trust file: not a hardware key")
		}
		hash := sha256.Sum256(raw[1:])
		verifiers = append(verifiers, hardware{origin, binary.BigEndian.Uint32(hash[:4]), key})
	}
	if len(verifiers) == 0 {
		return nil, errors.New("the trust file does not name the log")
	}
	return verifiers, nil
}

// check gives the log and the index at which a receipt is proved to be on record.
func check(text, trust string) (origin string, index uint64, err error) {
	encoded := strings.TrimPrefix(text, prefix)
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || encoded == text || strings.ContainsAny(encoded, "\r\n") || len(data) > 4096 {
		return "", 0, errors.New("not a receipt's code")
	}
	r := &reader{rest: data}
	r.is(r.head(4) == 8 && r.head(0) == 1)
	receipt, salt, leaf := r.bytes(0, 1024), r.bytes(16, 16), r.bytes(0, 512)
	var proof tlog.RecordProof
	for n := r.count(4, 63); n > 0; n-- {
		var hash tlog.Hash
		copy(hash[:], r.bytes(32, 32))
		proof = append(proof, hash)
	}
	origin = string(r.take(r.count(3, 1024)))
	size := r.head(0)
	var lines string
	seen := map[string]bool{}
	for n := r.count(4, 4); n > 0; n-- {
		r.is(r.head(4) == 2)
		id, signature := r.bytes(4, 4), r.bytes(1, 128)
		r.is(!seen[string(id)])
		seen[string(id)] = true
		lines += fmt.Sprintf("— %s %s\n", origin, base64.StdEncoding.EncodeToString(append(append([]byte{}, id...), signature...)))
	}
	index, committed, sound := entry(leaf)
	if r.bad || len(r.rest) > 0 || !sound || size == 0 || size >= 1<<63 || index >= size {
		return "", 0, errors.New("not a receipt's code")
	}
	if want := sha256.Sum256(append(append([]byte{}, salt...), receipt...)); !bytes.Equal(want[:], committed) {
		return "", 0, errors.New("the entry commits to another receipt")
	}
	record := tlog.RecordHash(leaf)
	root, ok := rootOf(int64(index), int64(size), record, proof)
	if !ok || tlog.CheckRecord(proof, int64(size), root, int64(index), record) != nil {
		return "", 0, errors.New("the proof does not lead to a root")
	}
	verifiers, err := keys(trust, origin)
	if err != nil {
		return "", 0, err
	}
	signed := fmt.Sprintf("%s\n%d\n%v\n\n%s", origin, size, root, lines)
	opened, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		return "", 0, err
	}
	own := false
	for _, line := range opened.Sigs {
		own = own || line.Hash == verifiers[0].KeyHash()
	}
	if !own || len(opened.UnverifiedSigs) > 0 {
		return "", 0, errors.New("not signed by the phone's keys alone")
	}
	return origin, index, nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: receipt CODE TRUST.toml")
		os.Exit(2)
	}
	code := os.Args[1]
	if data, err := os.ReadFile(code); err == nil {
		code = strings.TrimSpace(string(data))
	}
	trust, err := os.ReadFile(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "the trust file cannot be read")
		os.Exit(2)
	}
	origin, index, err := check(code, string(trust))
	if err != nil {
		fmt.Printf("not proved: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("proved: %s, entry %d\n", origin, index)
}
