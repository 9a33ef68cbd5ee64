using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Duplex.Tests;

/// <summary>One test of a suite, with one row of its data. Both the driver and the page find them in this way.</summary>
internal sealed record SuiteCase(MethodInfo Method, int Row, object?[] Arguments)
{
    public string Name => Arguments.Length == 0 ? Method.Name : $"{Method.Name}, row {Row}";

    public static IEnumerable<SuiteCase> Of(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.PublicProperties)] Type suite) =>
        from method in suite.GetMethods()
        where method.IsDefined(typeof(FactAttribute))
        from row in Rows(suite, method).Index()
        select new SuiteCase(method, row.Index, row.Item);

    public async Task RunAsync(object suite)
    {
        try
        {
            if (Method.Invoke(suite, Arguments) is Task task)
                await task;
        }
        catch (TargetInvocationException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
        }
    }

    private static IEnumerable<object?[]> Rows(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] Type suite, MethodInfo method)
    {
        if (!method.IsDefined(typeof(TheoryAttribute)))
            return [[]];
        if (method.GetCustomAttribute<MemberDataAttribute>() is { } member)
        {
            var rows = (IEnumerable<ITheoryDataRow>)suite.GetProperty(member.MemberName)!.GetValue(null)!;
            return rows.Select(row => row.GetData());
        }

        return method.GetCustomAttributes<InlineDataAttribute>().Select(row => row.Data!);
    }
}
