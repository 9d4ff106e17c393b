// The parts of etcd's Go client that its own tests do not take through a kill: over TLS, with the leader killed by
// SIGKILL in the middle. The program asks its parent for that by a line ("kill", "restart"), and waits for an answer.
// It prints "ok CASE" or "failed CASE: why" for each case.

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
	"go.etcd.io/etcd/clientv3/leasing"
	"go.etcd.io/etcd/clientv3/mirror"
	"go.etcd.io/etcd/clientv3/namespace"
	"go.etcd.io/etcd/clientv3/ordering"
	"go.etcd.io/etcd/pkg/transport"
)

const (
	attemptFor = 5 * time.Second
	caseFor    = 90 * time.Second
)

var parent = bufio.NewReader(os.Stdin)

func ask(what string) {
	fmt.Println(what)
	if _, err := parent.ReadString('\n'); err != nil {
		panic(err)
	}
}

func connect() *clientv3.Client {
	config := clientv3.Config{Endpoints: strings.Split(os.Getenv("ENDPOINTS"), ","), DialTimeout: 10 * time.Second}
	if ca := os.Getenv("CA"); ca != "" {
		info := transport.TLSInfo{TrustedCAFile: ca, CertFile: os.Getenv("CERT"), KeyFile: os.Getenv("KEY")}
		tls, err := info.ClientConfig()
		check(err)
		config.TLS = tls
	}
	client, err := clientv3.New(config)
	check(err)
	return client
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(holds bool, format string, of ...interface{}) {
	if !holds {
		panic(fmt.Sprintf(format, of...))
	}
}

// Tries again until it succeeds: for what has the same result however often it is done.
func until(ctx context.Context, work func(ctx context.Context) error) {
	for {
		attempt, cancel := context.WithTimeout(ctx, attemptFor)
		err := work(attempt)
		cancel()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			panic(fmt.Sprintf("%v, at last: %v", ctx.Err(), err))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

var cases = []struct {
	name string
	run  func(ctx context.Context, c *clientv3.Client)
}{
	{"concurrency.Mutex: one holder at a time, through the kill of the leader", locks},
	{"concurrency.Election: one leader at a time, observed by a third", elections},
	{"concurrency.STM: ten accounts keep their sum, through the kill of the leader", transfers},
	{"clientv3.Watch: each revision once and in order, through the kill of the leader", watches},
	{"leasing.NewKV: two owners read what the other wrote", leases},
	{"ordering.NewKV: no read is older than the one before it, on any member", orders},
	{"namespace: keys, watches and leases below a prefix", namespaces},
	{"mirror.NewSyncer: a copy of base and updates equals the source", mirrors},
}

func main() {
	failed := false
	for _, each := range cases {
		if err := attempt(each.run); err != nil {
			fmt.Printf("failed %s: %s\n", each.name, strings.ReplaceAll(fmt.Sprint(err), "\n", " "))
			failed = true
			continue
		}
		fmt.Printf("ok %s\n", each.name)
	}
	if failed {
		os.Exit(1)
	}
}

func attempt(run func(ctx context.Context, c *clientv3.Client)) (failure interface{}) {
	ctx, cancel := context.WithTimeout(context.Background(), caseFor)
	defer cancel()
	c := connect()
	defer c.Close()
	defer func() { failure = recover() }()
	run(ctx, c)
	return nil
}

// Runs work in n goroutines beside, and then waits for all; the first panic of them is this one's.
func together(n int, work func(i int), beside func()) {
	var wait sync.WaitGroup
	failures := make(chan interface{}, n)
	for i := 0; i < n; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			defer func() {
				if failure := recover(); failure != nil {
					failures <- failure
				}
			}()
			work(i)
		}(i)
	}
	beside()
	wait.Wait()
	select {
	case failure := <-failures:
		panic(failure)
	default:
	}
}

func locks(ctx context.Context, c *clientv3.Client) {
	const holders, turns = 4, 4
	var inside, count int
	var mu sync.Mutex
	together(holders, func(i int) {
		own := connect()
		defer own.Close()
		session, err := concurrency.NewSession(own, concurrency.WithTTL(60))
		check(err)
		defer session.Close()
		mutex := concurrency.NewMutex(session, "go/lock")
		for turn := 0; turn < turns; turn++ {
			until(ctx, mutex.Lock)
			mu.Lock()
			inside++
			expect(inside == 1, "%d holders at once", inside)
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			inside--
			count++
			mu.Unlock()
			until(ctx, mutex.Unlock)
		}
	}, func() {
		time.Sleep(500 * time.Millisecond)
		ask("kill")
	})
	ask("restart")
	expect(count == holders*turns, "%d turns of %d", count, holders*turns)
}

func elections(ctx context.Context, c *clientv3.Client) {
	observer := connect()
	defer observer.Close()
	session, err := concurrency.NewSession(observer)
	check(err)
	defer session.Close()
	seen := concurrency.NewElection(session, "go/post").Observe(ctx)
	var mu sync.Mutex
	leading := 0
	together(3, func(i int) {
		own := connect()
		defer own.Close()
		mine, err := concurrency.NewSession(own, concurrency.WithTTL(60))
		check(err)
		defer mine.Close()
		election := concurrency.NewElection(mine, "go/post")
		check(election.Campaign(ctx, strconv.Itoa(i)))
		mu.Lock()
		leading++
		expect(leading == 1, "%d lead at once", leading)
		mu.Unlock()
		check(election.Proclaim(ctx, strconv.Itoa(i)+" again"))
		time.Sleep(100 * time.Millisecond)
		mu.Lock()
		leading--
		mu.Unlock()
		check(election.Resign(ctx))
	}, func() {})
	select {
	case response := <-seen:
		expect(len(response.Kvs) == 1, "the observer saw %d keys", len(response.Kvs))
	case <-ctx.Done():
		panic("the observer saw no leader")
	}
}

func transfers(ctx context.Context, c *clientv3.Client) {
	const accounts, workers, rounds = 10, 3, 12
	account := func(i int) string { return fmt.Sprintf("go/account/%d", i%accounts) }
	for i := 0; i < accounts; i++ {
		until(ctx, func(ctx context.Context) error { _, err := c.Put(ctx, account(i), "100"); return err })
	}
	together(workers, func(worker int) {
		own := connect()
		defer own.Close()
		for round := 0; round < rounds; round++ {
			from, to := account(worker+round), account(worker+3*round+1)
			// A transfer whose answer was lost may be made twice: the sum is the same.
			until(ctx, func(ctx context.Context) error {
				_, err := concurrency.NewSTM(own, func(s concurrency.STM) error {
					if from == to {
						return nil
					}
					a, _ := strconv.Atoi(s.Get(from))
					b, _ := strconv.Atoi(s.Get(to))
					s.Put(from, strconv.Itoa(a-1))
					s.Put(to, strconv.Itoa(b+1))
					return nil
				}, concurrency.WithAbortContext(ctx))
				return err
			})
			time.Sleep(50 * time.Millisecond)
		}
	}, func() {
		time.Sleep(300 * time.Millisecond)
		ask("kill")
	})
	ask("restart")
	sum := 0
	until(ctx, func(ctx context.Context) error {
		response, err := c.Get(ctx, "go/account/", clientv3.WithPrefix())
		if err != nil {
			return err
		}
		sum = 0
		for _, kv := range response.Kvs {
			value, _ := strconv.Atoi(string(kv.Value))
			sum += value
		}
		return nil
	})
	expect(sum == accounts*100, "the sum became %d", sum)
}

func watches(ctx context.Context, c *clientv3.Client) {
	const writes = 60
	start, err := c.Get(ctx, "go/watch/")
	check(err)
	watcher := connect()
	defer watcher.Close()
	seen := watcher.Watch(ctx, "go/watch/", clientv3.WithPrefix(), clientv3.WithRev(start.Header.Revision+1))
	together(1, func(int) {
		last, keys := int64(0), map[string]bool{}
		for response := range seen {
			check(response.Err())
			for _, event := range response.Events {
				expect(event.Kv.ModRevision > last, "revision %d after %d", event.Kv.ModRevision, last)
				last = event.Kv.ModRevision
				keys[string(event.Kv.Key)] = true
			}
			if len(keys) == writes {
				return
			}
		}
		panic(fmt.Sprintf("the watch ended with %d of %d keys", len(keys), writes))
	}, func() {
		for i := 0; i < writes; i++ {
			if i == writes/3 {
				ask("kill")
			}
			if i == 2*writes/3 {
				ask("restart")
			}
			key := fmt.Sprintf("go/watch/%03d", i)
			until(ctx, func(ctx context.Context) error { _, err := c.Put(ctx, key, "x"); return err })
		}
	})
}

func leases(ctx context.Context, c *clientv3.Client) {
	other := connect()
	defer other.Close()
	one, closeOne, err := leasing.NewKV(c, "go/leasing/")
	check(err)
	defer closeOne()
	two, closeTwo, err := leasing.NewKV(other, "go/leasing/")
	check(err)
	defer closeTwo()
	for i := 0; i < 10; i++ {
		writer, reader := one, two
		if i%2 == 1 {
			writer, reader = two, one
		}
		_, err := writer.Put(ctx, "go/leased", strconv.Itoa(i))
		check(err)
		// The second read comes out of the reader's own cache.
		for reads := 0; reads < 2; reads++ {
			response, err := reader.Get(ctx, "go/leased")
			check(err)
			expect(string(response.Kvs[0].Value) == strconv.Itoa(i), "read %s after %d", response.Kvs[0].Value, i)
		}
	}
	response, err := one.Txn(ctx).If(clientv3.Compare(clientv3.Value("go/leased"), "=", "9")).
		Then(clientv3.OpPut("go/leased", "10"), clientv3.OpGet("go/leased")).Commit()
	check(err)
	expect(response.Succeeded, "the comparison with a leased key failed")
}

func orders(ctx context.Context, c *clientv3.Client) {
	violations := 0
	kv := ordering.NewKV(c.KV, func(clientv3.Op, clientv3.OpResponse, int64) error {
		violations++
		// As ordering.NewOrderViolationSwitchEndpointClosure does: the next attempt goes to another member.
		time.Sleep(10 * time.Millisecond)
		return nil
	})
	last := int64(0)
	for i := 0; i < 50; i++ {
		put, err := c.Put(ctx, "go/ordered", strconv.Itoa(i))
		check(err)
		_, err = kv.Get(ctx, "go/ordered")
		check(err)
		response, err := kv.Get(ctx, "go/ordered", clientv3.WithSerializable())
		check(err)
		expect(response.Header.Revision >= last, "revision %d after %d", response.Header.Revision, last)
		expect(response.Header.Revision >= put.Header.Revision, "a read older than the write before it")
		last = response.Header.Revision
	}
}

func namespaces(ctx context.Context, c *clientv3.Client) {
	kv := namespace.NewKV(c.KV, "go/ns/")
	watcher := namespace.NewWatcher(c.Watcher, "go/ns/")
	lessor := namespace.NewLease(c.Lease, "go/ns/")
	seen := watcher.Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	<-seen
	granted, err := lessor.Grant(ctx, 60)
	check(err)
	_, err = kv.Put(ctx, "a", "1", clientv3.WithLease(granted.ID))
	check(err)
	response := <-seen
	expect(string(response.Events[0].Kv.Key) == "a", "the watch saw %s", response.Events[0].Kv.Key)
	left, err := lessor.TimeToLive(ctx, granted.ID, clientv3.WithAttachedKeys())
	check(err)
	expect(len(left.Keys) == 1 && string(left.Keys[0]) == "a", "the lease has %s", left.Keys)
	_, err = lessor.Revoke(ctx, granted.ID)
	check(err)
	got, err := kv.Get(ctx, "a", clientv3.WithPrefix())
	check(err)
	expect(len(got.Kvs) == 0, "%d keys after the revocation", len(got.Kvs))
}

func mirrors(ctx context.Context, c *clientv3.Client) {
	const base, more = 200, 50
	for i := 0; i < base; i++ {
		_, err := c.Put(ctx, fmt.Sprintf("go/mirror/%d", i), "base")
		check(err)
	}
	syncer := mirror.NewSyncer(c, "go/mirror/", 0)
	copied := map[string]string{}
	responses, errors := syncer.SyncBase(ctx)
	for response := range responses {
		for _, kv := range response.Kvs {
			copied[string(kv.Key)] = string(kv.Value)
		}
	}
	for err := range errors {
		check(err)
	}
	updates := syncer.SyncUpdates(ctx)
	for i := 0; i < more; i++ {
		_, err := c.Put(ctx, fmt.Sprintf("go/mirror/%d", base-more/2+i), "updated")
		check(err)
	}
	_, err := c.Delete(ctx, "go/mirror/0")
	check(err)
	for copied["go/mirror/0"] != "" {
		response := <-updates
		check(response.Err())
		for _, event := range response.Events {
			if event.Type == clientv3.EventTypeDelete {
				delete(copied, string(event.Kv.Key))
			} else {
				copied[string(event.Kv.Key)] = string(event.Kv.Value)
			}
		}
	}
	source, err := c.Get(ctx, "go/mirror/", clientv3.WithPrefix())
	check(err)
	expected := map[string]string{}
	for _, kv := range source.Kvs {
		expected[string(kv.Key)] = string(kv.Value)
	}
	expect(fmt.Sprint(sorted(expected)) == fmt.Sprint(sorted(copied)), "the copy differs")
}

func sorted(of map[string]string) []string {
	var rows []string
	for key, value := range of {
		rows = append(rows, key+"="+value)
	}
	sort.Strings(rows)
	return rows
}
