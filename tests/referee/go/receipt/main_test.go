package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestReceiptsAreJudgedAlike(t *testing.T) {
	folder := os.Getenv("PEEL_CASES")
	if folder == "" {
		fmt.Println("not run: no cases (cargo verify --only referees makes them)")
		t.SkipNow()
	}
	var all struct {
		Trust string
		Codes []struct {
			What, Code string
			Accepted   bool
		}
	}
	data, err := os.ReadFile(filepath.Join(folder, "receipts.json"))
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range all.Codes {
		_, _, err := check(c.Code, all.Trust)
		if (err == nil) != c.Accepted {
			t.Errorf("%s: we say %v, Go says %v", c.What, c.Accepted, err)
		}
		if c.Accepted {
			good++
		}
	}
	if good < 12 || len(all.Codes)-good < 200 {
		t.Errorf("only %d good and %d bad receipts were drawn", good, len(all.Codes)-good)
	}
	fmt.Printf("%d receipts judged\n", len(all.Codes))
}

func TestPathsOfEverySizeLeadToOneRoot(t *testing.T) {
	// What the root is does not matter here: that no other length of path is taken does.
	for size := int64(1); size < 70; size++ {
		for index := int64(0); index < size; index++ {
			taken := 0
			for length := 0; length < 9; length++ {
				if _, ok := rootOf(index, size, [32]byte{}, make(tlog.RecordProof, length)); ok {
					taken++
				}
			}
			if taken != 1 {
				t.Errorf("size %d, index %d: %d lengths", size, index, taken)
			}
		}
	}
}
