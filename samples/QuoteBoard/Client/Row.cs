namespace QuoteBoard;

/// <summary>One symbol's price, and how it moved.</summary>
public sealed class Row
{
    private const int MostPoints = 60;

    private readonly Queue<decimal> _prices = new();

    public decimal Price { get; private set; }

    public int Direction { get; private set; }

    /// <summary>The points of a polyline in a box of 120 by 24.</summary>
    public string Points
    {
        get
        {
            decimal low = _prices.Min(), range = Math.Max(_prices.Max() - low, 0.01m);
            return string.Join(' ', _prices.Select((price, i) => FormattableString.Invariant(
                $"{i * 120 / (MostPoints - 1)},{22 - 20 * (price - low) / range:0.#}")));
        }
    }

    public void Add(decimal price)
    {
        if (Price != 0)
            Direction = price.CompareTo(Price);
        Price = price;
        _prices.Enqueue(price);
        if (_prices.Count > MostPoints)
            _prices.Dequeue();
    }
}
