using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>The rule for intervals and timeouts that a caller sets.</summary>
internal static class TimerRange
{
    // The platform's timers count milliseconds; 2^31 - 1 of them are 24.8 days.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>Returns the value if it is positive and fits a timer, or is infinite, which means off.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is neither.</exception>
    public static TimeSpan Checked(TimeSpan value, [CallerMemberName] string name = "") =>
        value == Timeout.InfiniteTimeSpan || (value > TimeSpan.Zero && value <= Longest)
            ? value
            : throw new ArgumentOutOfRangeException(
                name,
                value,
                $"{name} must be positive and at most 24.8 days, or Timeout.InfiniteTimeSpan to turn it off.");
}
