namespace Duplex.Tests;

public class StrongComponentsTests
{
    private static readonly Dictionary<int, int[]> Graph = new() { [1] = [2], [2] = [3], [3] = [1, 4], [4] = [5], [5] = [4, 6], [6] = [], [7] = [1] };

    [Fact]
    public void Groups_are_the_nodes_that_reach_each_other() => Assert.Equal(
        ["1 2 3", "4 5", "6", "7"],
        StrongComponents.Of(Graph.Keys, node => Graph[node]).Select(group => string.Join(' ', group.Order())).Order(StringComparer.Ordinal));

    [Fact]
    public void The_shortest_circle_starts_at_its_node() => Assert.Equal([2, 3, 1], StrongComponents.ShortestCircle(2, node => Graph[node]));

    [Fact]
    public void A_node_that_points_at_itself_is_the_shortest_circle() => Assert.Equal([1], StrongComponents.ShortestCircle(1, _ => [2, 1]));

    [Fact]
    public void A_node_on_no_circle_has_none() => Assert.Throws<ArgumentException>(() => StrongComponents.ShortestCircle(7, node => Graph[node]));
}
