namespace Duplex.Tests;

/// <summary>Runs code as a caller with a synchronization context does.</summary>
internal static class CallersContexts
{
    public static T In<T>(SynchronizationContext context, Func<T> act)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            return act();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }
}
