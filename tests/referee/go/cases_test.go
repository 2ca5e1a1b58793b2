package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// What this module takes and we do not, and why: everything else must be judged alike.
var takenByGoAlone = map[string]string{
	"a line twice":                "Go drops repeated lines; with us a note has one form",
	"an unknown key's line twice": "as above",
	"slack bits in base64":        "Go's decoder ignores them; with us no bit is slack",
	"thirty-two unknown lines":    "our limit is 32 lines, Go's 100",
	"longer than a million bytes": "our limit is a million bytes, this Go package has none",
}

// load reads a file of the cases that `peel-seeds cases` wrote; without them a test says that it did not run.
func load(t *testing.T, name string, into any) {
	data, err := os.ReadFile(filepath.Join(cases(t), name))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func cases(t *testing.T) string {
	folder := os.Getenv("PEEL_CASES")
	if folder == "" {
		fmt.Println("not run: no cases (cargo verify --only referees makes them)")
		t.SkipNow()
	}
	return folder
}

func hash(t *testing.T, text string) (hash tlog.Hash) {
	if n, err := hex.Decode(hash[:], []byte(text)); err != nil || n != len(hash) {
		t.Fatalf("not a hash: %q", text)
	}
	return hash
}

func hashes(t *testing.T, texts []string) (out []tlog.Hash) {
	for _, text := range texts {
		out = append(out, hash(t, text))
	}
	return out
}

func leaf(index int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(index)) }

// storage holds every stored hash of a log of size entries, each four bytes of its index.
func storage(t *testing.T, size int64) tlog.HashReader {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := int64(0); n < size; n++ {
		more, err := tlog.StoredHashes(n, leaf(n), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	return reader
}

func TestProofsAtDrawnSizes(t *testing.T) {
	var drawn []struct {
		Size, Index, Old       int64
		Root                   string
		OldRoot                string `json:"old_root"`
		Inclusion, Consistency []string
	}
	load(t, "proofs.json", &drawn)
	reader := storage(t, 65537)
	if len(drawn) < 150 {
		t.Fatalf("only %d cases", len(drawn))
	}
	for _, c := range drawn {
		root, old := hash(t, c.Root), hash(t, c.OldRoot)
		at := fmt.Sprintf("size %d, index %d, old %d", c.Size, c.Index, c.Old)
		computed, err := tlog.TreeHash(c.Size, reader)
		expect(t, at+": root", err == nil && computed == root)
		inclusion, consistency := hashes(t, c.Inclusion), hashes(t, c.Consistency)
		record := tlog.RecordHash(leaf(c.Index))
		expect(t, at+": inclusion", tlog.CheckRecord(inclusion, c.Size, root, c.Index, record) == nil)
		expect(t, at+": consistency", tlog.CheckTree(consistency, c.Size, root, c.Old, old) == nil)
		own, err := tlog.ProveRecord(c.Size, c.Index, reader)
		expect(t, at+": same inclusion proof", err == nil && fmt.Sprint(own) == fmt.Sprint(tlog.RecordProof(inclusion)))
		tree, err := tlog.ProveTree(c.Size, c.Old, reader)
		expect(t, at+": same consistency proof", err == nil && fmt.Sprint(tree) == fmt.Sprint(tlog.TreeProof(consistency)))
		record[c.Index%32] ^= 1
		expect(t, at+": another leaf", tlog.CheckRecord(inclusion, c.Size, root, c.Index, record) != nil)
		old[c.Index%32] ^= 1
		expect(t, at+": another old root", tlog.CheckTree(consistency, c.Size, root, c.Old, old) != nil)
	}
}

func TestNotesAreJudgedAlike(t *testing.T) {
	var all struct {
		Key   string
		Notes []struct {
			What, Note string
			Accepted   bool
		}
	}
	load(t, "notes.json", &all)
	verifier, err := note.NewVerifier(all.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Notes {
		data, err := base64.StdEncoding.DecodeString(c.Note)
		if err != nil {
			t.Fatal(err)
		}
		_, err = note.Open(data, note.VerifierList(verifier))
		_, known := takenByGoAlone[c.What]
		expect(t, fmt.Sprintf("%s: we say %v, Go says %v", c.What, c.Accepted, err), (err == nil) == (c.Accepted || known))
		expect(t, c.What+": no difference any more", !known || !c.Accepted)
	}
}

// tiles reads a log's tiles from a folder in the layout of tlog-tiles.
type tiles struct{ folder string }

func (t tiles) Height() int                         { return 8 }
func (t tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range want {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func TestTilesGiveTheSignedRootAndProofs(t *testing.T) {
	for _, size := range []int64{0, 1, 255, 256, 257, 511, 512, 513, 65537} {
		folder := filepath.Join(cases(t), "tiles", fmt.Sprint(size))
		vkey, _ := os.ReadFile(filepath.Join(folder, "vkey"))
		signed, _ := os.ReadFile(filepath.Join(folder, "checkpoint"))
		verifier, err := note.NewVerifier(string(vkey))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := note.Open(signed, note.VerifierList(verifier))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(opened.Text, "\n")
		root, err := tlog.ParseHash(lines[2])
		expect(t, fmt.Sprintf("size %d: checkpoint", size), err == nil && lines[1] == fmt.Sprint(size))
		computed, err := tlog.TreeHash(size, storage(t, size))
		expect(t, fmt.Sprintf("size %d: root", size), err == nil && computed == root)
		reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{folder})
		for _, index := range []int64{0, 1, 255, 256, 511, size / 2, size - 1} {
			if index < 0 || index >= size {
				continue
			}
			proof, err := tlog.ProveRecord(size, index, reader)
			sound := err == nil && tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(leaf(index))) == nil
			expect(t, fmt.Sprintf("size %d: index %d from tiles: %v", size, index, err), sound)
			older, err := tlog.ProveTree(size, index+1, reader)
			old, oldErr := tlog.TreeHash(index+1, reader)
			sound = err == nil && oldErr == nil && tlog.CheckTree(older, size, root, index+1, old) == nil
			expect(t, fmt.Sprintf("size %d: from %d, from tiles: %v", size, index+1, err), sound)
		}
	}
}
