namespace Duplex.Tests;

/// <summary>Circles in a directed graph.</summary>
internal static class StrongComponents
{
    /// <summary>Tarjan's algorithm: the groups of nodes in which each reaches every other. A node on no circle is a group of its own.</summary>
    public static List<List<T>> Of<T>(IEnumerable<T> nodes, Func<T, IEnumerable<T>> targets)
        where T : notnull
    {
        Dictionary<T, int> index = [];
        Dictionary<T, int> low = [];
        Stack<T> open = [];
        HashSet<T> isOpen = [];
        List<List<T>> groups = [];

        void Visit(T node)
        {
            index[node] = low[node] = index.Count;
            open.Push(node);
            isOpen.Add(node);
            foreach (T target in targets(node))
            {
                if (!index.TryGetValue(target, out int seen))
                {
                    Visit(target);
                    low[node] = Math.Min(low[node], low[target]);
                }
                else if (isOpen.Contains(target))
                {
                    low[node] = Math.Min(low[node], seen);
                }
            }

            if (low[node] != index[node])
            {
                return;
            }

            List<T> group = [];
            do
            {
                group.Add(open.Pop());
                isOpen.Remove(group[^1]);
            }
            while (!group[^1].Equals(node));
            groups.Add(group);
        }

        foreach (T node in nodes)
        {
            if (!index.ContainsKey(node))
            {
                Visit(node);
            }
        }

        return groups;
    }

    /// <summary>The shortest way from a node back to itself, by breadth-first search; the node must be on a circle.</summary>
    public static List<T> ShortestCircle<T>(T start, Func<T, IEnumerable<T>> targets)
        where T : notnull
    {
        Dictionary<T, T> cameFrom = [];
        Queue<T> next = new([start]);
        while (next.TryDequeue(out T? node))
        {
            foreach (T target in targets(node))
            {
                if (target.Equals(start))
                {
                    List<T> circle = [node];
                    while (!circle[^1].Equals(start))
                    {
                        circle.Add(cameFrom[circle[^1]]);
                    }

                    circle.Reverse();
                    return circle;
                }

                if (cameFrom.TryAdd(target, node))
                {
                    next.Enqueue(target);
                }
            }
        }

        throw new ArgumentException("Expected a node on a circle.", nameof(start));
    }
}
