namespace Scim.Api.Protocol.Bulk;

/// <summary>
/// The order in which operations are done: as they came, but what an operation refers to is made before it. Where
/// operations refer to each other in a circle (RFC 7644 §3.7.1), one is begun without the references that it cannot
/// have yet, and completed as soon as they can be had.
/// </summary>
internal sealed class BulkPlan
{
    private readonly IReadOnlyList<BulkOperation> operations;
    private readonly Dictionary<string, int> creating;
    private readonly Progress[] progress;
    private readonly Dictionary<int, HashSet<int>> missing = [];
    private readonly List<BulkStep> steps = [];

    private BulkPlan(IReadOnlyList<BulkOperation> operations)
    {
        this.operations = operations;
        progress = new Progress[operations.Count];
        creating = Enumerable.Range(0, operations.Count).Where(i => operations[i].Creates)
            .ToDictionary(i => operations[i].BulkId!, StringComparer.Ordinal);
    }

    private enum Progress
    {
        Untouched,
        Open,
        Done,
    }

    public static IReadOnlyList<BulkStep> Of(IReadOnlyList<BulkOperation> operations)
    {
        var plan = new BulkPlan(operations);
        for (var i = 0; i < operations.Count; i++)
            plan.Visit(i);
        return plan.steps;
    }

    // With a stack of our own: a chain of references is as long as the request.
    private void Visit(int first)
    {
        var open = new Stack<(int Operation, Queue<int> Targets)>();
        Open(first);
        while (open.TryPeek(out var top))
        {
            if (!top.Targets.TryDequeue(out var target))
                Close(open.Pop().Operation);
            else if (progress[target] == Progress.Open)
                (missing.TryGetValue(top.Operation, out var known) ? known : missing[top.Operation] = []).Add(target);
            else
                Open(target);
        }

        void Open(int operation)
        {
            if (progress[operation] == Progress.Done)
                return;
            progress[operation] = Progress.Open;
            var references = operations[operation].References.Where(creating.ContainsKey).Select(id => creating[id]);
            open.Push((operation, new(references)));
        }
    }

    private void Close(int operation)
    {
        progress[operation] = Progress.Done;
        steps.Add(new(operation, BulkStepKind.Do));
        var complete = missing.Keys.Where(i => progress[i] == Progress.Done).Order()
            .Where(i => missing[i].All(target => progress[target] == Progress.Done)).ToList();
        foreach (var each in complete)
        {
            missing.Remove(each);
            steps.Add(new(each, BulkStepKind.Complete));
        }
    }
}

/// <summary>Doing an operation, by its place in the request, or completing it.</summary>
internal sealed record BulkStep(int Operation, BulkStepKind Kind);

/// <summary>What a step does with its operation.</summary>
internal enum BulkStepKind
{
    /// <summary>Does it, without the references to what is made only later.</summary>
    Do,

    /// <summary>Adds these.</summary>
    Complete,
}
