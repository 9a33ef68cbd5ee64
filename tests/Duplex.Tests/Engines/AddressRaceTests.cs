using System.Net;
using System.Net.Sockets;
using CsCheck;

namespace Duplex.Tests;

public sealed class AddressRaceTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(250);

    [Theory]
    [InlineData("4a 6a", AddressFamily.InterNetworkV6, "6a 4a")]
    [InlineData("6a 6b 4a 4b", AddressFamily.InterNetworkV6, "6a 4a 6b 4b")]
    [InlineData("4a 4b 6a", AddressFamily.InterNetworkV6, "6a 4a 4b")]
    [InlineData("6a 6b 6c 4a", AddressFamily.InterNetworkV6, "6a 4a 6b 6c")]
    [InlineData("6a 4a", AddressFamily.InterNetwork, "4a 6a")]
    [InlineData("4a 6a 6b", AddressFamily.Unspecified, "4a 6a 6b")]
    [InlineData("6a 6b 4a", AddressFamily.Unspecified, "6a 4a 6b")]
    [InlineData("4a 4b", AddressFamily.InterNetworkV6, "4a 4b")]
    [InlineData("6a", AddressFamily.InterNetwork, "6a")]
    [InlineData("", AddressFamily.InterNetworkV6, "")]
    public void Families_alternate_each_in_the_resolvers_order(string addresses, AddressFamily first, string expected) =>
        Assert.Equal(Addresses(expected), AddressRace.Interleave(Addresses(addresses), first));

    [Fact]
    public void Interleaving_keeps_each_address_once_in_its_familys_order() =>
        Gen.Select(Gen.Bool.Array[0, 12], Gen.Bool).Sample((families, sixFirst) =>
        {
            IPAddress[] addresses = [.. families.Select((isSix, index) => Address(isSix, index))];
            AddressFamily first = sixFirst ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

            IReadOnlyList<IPAddress> order = AddressRace.Interleave(addresses, first);

            foreach (AddressFamily family in (AddressFamily[])[AddressFamily.InterNetworkV6, AddressFamily.InterNetwork])
                Assert.Equal(addresses.Where(one => one.AddressFamily == family), order.Where(one => one.AddressFamily == family));
            Assert.Equal(addresses.Length, order.Count);
            int pairs = Math.Min(families.Count(isSix => isSix), families.Count(isSix => !isSix));
            for (int i = 0; i < 2 * pairs; i++)
                Assert.Equal(i % 2 == 0, order[i].AddressFamily == first);
        });

    [Fact]
    public void The_next_attempt_waits_for_the_delay()
    {
        AddressRace race = Race("6a 4a 6b");

        Assert.Equal("6a", Started(race, 0));
        Assert.Null(Started(race, 249));
        Assert.Equal(Delay, race.Due);
        Assert.Equal("4a", Started(race, 250));
        Assert.Null(Started(race, 499));
        Assert.Equal("6b", Started(race, 510)); // a late one
        Assert.Null(race.Due);
        Assert.False(race.IsLost);
    }

    [Fact]
    public void A_failure_makes_the_next_attempt_due_at_once_and_the_last_one_loses()
    {
        AddressRace race = Race("6a 4a 6b");
        Assert.Equal("6a", Started(race, 0));

        race.Failed(Ms(10));
        Assert.Equal("4a", Started(race, 10));
        Assert.Null(Started(race, 20));
        Assert.Equal(Ms(260), race.Due);
        race.Failed(Ms(30));
        Assert.Equal("6b", Started(race, 30));
        Assert.False(race.IsLost);
        race.Failed(Ms(40));
        Assert.True(race.IsLost);
        Assert.Null(Started(race, 1000));
    }

    [Fact]
    public void Every_address_is_tried_once_and_two_only_start_together_after_a_failure() =>
        Gen.Select(Gen.Int[1, 8], Gen.Select(Gen.Int[1, 400], Gen.Bool).Array[0, 60]).Sample((count, steps) =>
        {
            IPAddress[] addresses = [.. Enumerable.Range(0, count).Select(index => Address(index % 2 == 0, index))];
            var race = new AddressRace(addresses, AddressFamily.InterNetworkV6, Delay);
            var tried = new List<IPAddress>();
            int now = 0, running = 0, last = int.MinValue / 2;
            bool failed = true;
            foreach ((int pass, bool fails) in steps)
            {
                while (race.TryStart(Ms(now), out IPAddress? address))
                {
                    Assert.True(failed || now - last >= Delay.TotalMilliseconds);
                    (last, failed) = (now, false);
                    running++;
                    tried.Add(address);
                }

                now += pass;
                if (fails && running > 0)
                {
                    race.Failed(Ms(now));
                    running--;
                    failed = true;
                }

                Assert.Equal(running == 0 && tried.Count == count, race.IsLost);
            }

            Assert.Equal(AddressRace.Interleave(addresses, AddressFamily.InterNetworkV6).Take(tried.Count), tried);
        });

    private static AddressRace Race(string addresses) => new(Addresses(addresses), AddressFamily.InterNetworkV6, Delay);

    private static string? Started(AddressRace race, int now) =>
        race.TryStart(Ms(now), out IPAddress? address) ? Name(address) : null;

    private static TimeSpan Ms(int ms) => TimeSpan.FromMilliseconds(ms);

    private static IPAddress[] Addresses(string names) =>
        [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => Address(name[0] == '6', name[1] - 'a'))];

    private static IPAddress Address(bool isSix, int index) => IPAddress.Parse(isSix ? $"2001:db8::{index}" : $"192.0.2.{index}");

    private static string Name(IPAddress address) =>
        $"{(address.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4)}{(char)('a' + address.GetAddressBytes()[^1])}";
}
