namespace Scim.Api.Protocol.Bulk;

/// <summary>
/// The order in which operations are run: the order of the request, except that a resource is created before an
/// operation refers to it. If operations refer to each other in a circle (RFC 7644 §3.7.1), one of them runs without
/// the references that do not exist yet, and is completed as soon as they do.
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

    // Not recursive: a chain of references can be as long as the request.
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
        steps.Add(new(operation, BulkStepKind.Run));
        var complete = missing.Keys.Where(i => progress[i] == Progress.Done).Order()
            .Where(i => missing[i].All(target => progress[target] == Progress.Done)).ToList();
        foreach (var each in complete)
        {
            missing.Remove(each);
            steps.Add(new(each, BulkStepKind.Complete));
        }
    }
}

/// <summary>Runs or completes an operation, given by its index in the request.</summary>
internal sealed record BulkStep(int Operation, BulkStepKind Kind);

/// <summary>What a step does with its operation.</summary>
internal enum BulkStepKind
{
    /// <summary>Runs it, without references to resources that are created later.</summary>
    Run,

    /// <summary>Adds these references.</summary>
    Complete,
}
