using System.Net;
using System.Net.Sockets;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class HappyEyeballsTests
{
    private const int Port = 8080;
    private static readonly TimeSpan Delay = HappyEyeballs.DefaultDelay;
    private static readonly IPAddress Six = IPAddress.Parse("2001:db8::1"), Four = IPAddress.Parse("192.0.2.1"), OtherSix = IPAddress.Parse("2001:db8::2");

    private readonly FakeTimeProvider _clock = new();
    private readonly Attempts _attempts = new();

    [Fact]
    public async Task The_first_family_alone_is_tried_if_it_answers_in_time()
    {
        Task<Stream> racing = Race(Four, Six);
        _clock.Advance(Delay - TimeSpan.FromMilliseconds(1));
        Stream stream = _attempts[Six].Succeed();

        Assert.Same(stream, await racing.Soon());
        Assert.Equal([Six], _attempts.Started);
    }

    [Fact]
    public async Task An_address_that_is_silent_is_overtaken_and_cancelled()
    {
        Task<Stream> racing = Race(Six, Four);
        Assert.Equal([Six], _attempts.Started);
        await AdvanceAsync(started: 2);
        Stream stream = _attempts[Four].Succeed();

        Assert.Same(stream, await racing.Soon());
        Assert.True(_attempts[Six].Token.IsCancellationRequested);
        Assert.Equal(0, _attempts.OpenStreams(except: stream));
    }

    [Fact]
    public async Task A_failure_starts_the_next_attempt_without_a_wait()
    {
        Task<Stream> racing = Race(Six, Four);
        _attempts[Six].Fail(new SocketException((int)SocketError.ConnectionRefused));
        await Patience.Until(() => _attempts.Started.Count == 2); // the clock stands still
        Stream stream = _attempts[Four].Succeed();

        Assert.Same(stream, await racing.Soon());
    }

    [Fact]
    public async Task An_earlier_attempt_may_still_win()
    {
        Task<Stream> racing = Race(Six, Four);
        await AdvanceAsync(started: 2);
        Stream stream = _attempts[Six].Succeed();

        Assert.Same(stream, await racing.Soon());
        Assert.True(_attempts[Four].Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_loser_that_connects_nevertheless_is_disposed()
    {
        _attempts.IgnoreTokens = true;
        Task<Stream> racing = Race(Six, Four);
        await AdvanceAsync(started: 2);
        Stream stream = _attempts[Four].Succeed();
        await racing.Soon();
        _attempts[Six].Succeed();

        await Patience.Until(() => _attempts.OpenStreams(except: stream) == 0);
        Assert.True(stream.CanRead);
    }

    [Fact]
    public async Task If_all_fail_the_exception_has_all()
    {
        Task<Stream> racing = Race(Six, Four, OtherSix);
        foreach (IPAddress address in (IPAddress[])[Six, Four, OtherSix])
        {
            await Patience.Until(() => _attempts.Started.Contains(address));
            _attempts[address].Fail(new SocketException((int)SocketError.HostUnreachable, $"{address}"));
        }

        var error = await Assert.ThrowsAsync<AggregateException>(() => racing.Soon());
        Assert.Equal(["2001:db8::1", "192.0.2.1", "2001:db8::2"], error.InnerExceptions.Select(inner => inner.Message));
    }

    [Fact]
    public async Task The_only_failure_is_thrown_as_it_is()
    {
        Task<Stream> racing = Race(Six);
        var refused = new SocketException((int)SocketError.ConnectionRefused);
        _attempts[Six].Fail(refused);

        Assert.Same(refused, await Assert.ThrowsAsync<SocketException>(() => racing.Soon()));
    }

    [Fact]
    public async Task Cancelling_ends_all_attempts()
    {
        using var caller = new CancellationTokenSource();
        Task<Stream> racing = Race(caller.Token, Six, Four);
        await AdvanceAsync(started: 2);
        await caller.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => racing.Soon());
        Assert.Equal(caller.Token, error.CancellationToken);
        Assert.True(_attempts[Six].Token.IsCancellationRequested && _attempts[Four].Token.IsCancellationRequested);
    }

    [Theory, InlineData("192.0.2.1"), InlineData("2001:db8::1")]
    public async Task A_literal_is_not_resolved(string literal)
    {
        Task<Stream> racing = Eyeballs((_, _) => throw new InvalidOperationException("resolved")).ConnectAsync(new DnsEndPoint(literal, Port), default).AsTask();

        Assert.Same(_attempts[IPAddress.Parse(literal)].Succeed(), await racing.Soon());
    }

    [Fact]
    public async Task A_host_without_addresses_is_not_found()
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => Race().Soon());

        Assert.Equal(SocketError.HostNotFound, error.SocketErrorCode);
    }

    [Fact]
    public async Task An_error_of_the_resolver_is_thrown_as_it_is()
    {
        var error = new SocketException((int)SocketError.TryAgain);

        Assert.Same(error, await Assert.ThrowsAsync<SocketException>(() =>
            Eyeballs((_, _) => Task.FromException<IPAddress[]>(error)).ConnectAsync(new DnsEndPoint("host.test", Port), default).AsTask()));
    }

    [Fact]
    public async Task No_order_of_outcomes_leaks_a_connection() =>
        await Gen.Select(Gen.Int[1, 5], Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3]).Array[0, 14], Gen.Bool).SampleAsync(async (count, steps, deaf) =>
        {
            var clock = new FakeTimeProvider();
            var attempts = new Attempts { IgnoreTokens = deaf };
            IPAddress[] addresses = [.. Enumerable.Range(0, count).Select(index => IPAddress.Parse(index % 2 == 0 ? $"2001:db8::{index}" : $"192.0.2.{index}"))];
            using var caller = new CancellationTokenSource();
            var eyeballs = new HappyEyeballs(Delay, AddressFamily.InterNetworkV6, clock, (_, _) => Task.FromResult(addresses), attempts.ConnectAsync);
            Task<Stream> racing = eyeballs.ConnectAsync(new DnsEndPoint("host.test", Port), caller.Token).AsTask();

            foreach ((int who, int what) in steps)
            {
                if (what == 0)
                    clock.Advance(Delay);
                else if (who < attempts.Started.Count && what == 1)
                    attempts[attempts.Started[who]].Succeed();
                else if (who < attempts.Started.Count && what == 2)
                    attempts[attempts.Started[who]].Fail(new SocketException((int)SocketError.ConnectionRefused));
                else if (who == 4)
                    await caller.CancelAsync();
                await Task.Yield();
            }

            await caller.CancelAsync();
            Stream? won = null;
            try
            {
                won = await racing.Soon();
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or AggregateException)
            {
            }

            foreach (IPAddress address in attempts.Started)
                attempts[address].Succeed(); // late ones
            await Patience.Until(() => attempts.OpenStreams(except: won) == 0);
            Assert.True(won?.CanRead ?? true);
            Assert.Equal(attempts.Started.Count, attempts.Started.Distinct().Count());
        }, iter: 300, threads: 1);

    private Task<Stream> Race(params IPAddress[] addresses) => Race(CancellationToken.None, addresses);

    private Task<Stream> Race(CancellationToken token, params IPAddress[] addresses) =>
        Eyeballs((_, _) => Task.FromResult(addresses)).ConnectAsync(new DnsEndPoint("host.test", Port), token).AsTask();

    private HappyEyeballs Eyeballs(Func<string, CancellationToken, Task<IPAddress[]>> resolve) =>
        new(Delay, AddressFamily.InterNetworkV6, _clock, resolve, _attempts.ConnectAsync);

    private async Task AdvanceAsync(int started)
    {
        _clock.Advance(Delay);
        await Patience.Until(() => _attempts.Started.Count == started);
    }

    private sealed class Attempts
    {
        private readonly Lock _sync = new();
        private readonly List<(IPAddress Address, Attempt Attempt)> _all = [];

        public bool IgnoreTokens { get; set; }

        public IReadOnlyList<IPAddress> Started
        {
            get
            {
                lock (_sync)
                    return [.. _all.Select(one => one.Address)];
            }
        }

        public Attempt this[IPAddress address]
        {
            get
            {
                lock (_sync)
                    return _all.Single(one => one.Address.Equals(address)).Attempt;
            }
        }

        public int OpenStreams(Stream? except)
        {
            lock (_sync)
                return _all.Count(one => one.Attempt.Stream is { CanRead: true } stream && stream != except);
        }

        public Task<Stream> ConnectAsync(IPEndPoint target, CancellationToken token)
        {
            Assert.Equal(Port, target.Port);
            var attempt = new Attempt(IgnoreTokens, token);
            lock (_sync)
                _all.Add((target.Address, attempt));
            return attempt.Task;
        }
    }

    private sealed class Attempt
    {
        private readonly TaskCompletionSource<Stream> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Attempt(bool ignoresToken, CancellationToken token)
        {
            Token = token;
            if (!ignoresToken)
                token.Register(() => _done.TrySetCanceled(token));
        }

        public CancellationToken Token { get; }

        public Task<Stream> Task => _done.Task;

        public Stream? Stream { get; private set; }

        public MemoryStream Succeed()
        {
            var stream = new MemoryStream();
            if (_done.TrySetResult(stream))
                Stream = stream;
            return stream;
        }

        public void Fail(Exception error) => _done.TrySetException(error);
    }
}
